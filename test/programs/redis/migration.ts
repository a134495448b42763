/** One slot on its way from one node to another. @see https://redis.io/docs/latest/commands/cluster-setslot/ */
import { isKnown } from './cluster-view.ts'
import { OPERATOR, type RedisServer, until } from './process.ts'

export interface Migration {
  /** These, or all that are still there. */
  readonly moveKeys: (...keys: readonly string[]) => Promise<void>
  /** Resolves when all nodes that run know whose slot it is now. */
  readonly finish: () => Promise<void>
}

interface Move {
  readonly slot: number
  readonly from: RedisServer
  readonly to: RedisServer
  readonly nodes: readonly RedisServer[]
}

const MOST_KEYS = '100000'
const TIMEOUT_MS = '5000'

export async function beginMigration({ slot, from, to, nodes }: Move): Promise<Migration> {
  const [source, target] = await Promise.all([from, to].map((node) => node.cli('CLUSTER', 'MYID')))
  const setSlot = (node: RedisServer, ...state: readonly string[]): Promise<string> =>
    node.cli('CLUSTER', 'SETSLOT', String(slot), ...state)
  await setSlot(to, 'IMPORTING', source as string)
  await setSlot(from, 'MIGRATING', target as string)
  return {
    async moveKeys(...keys) {
      const chosen = keys.length > 0 ? keys : await keysIn(slot, from)
      if (chosen.length === 0) return
      const address = [to.host, String(to.port), '', '0', TIMEOUT_MS, 'AUTH2', OPERATOR, OPERATOR]
      await from.cli('MIGRATE', ...address, 'KEYS', ...chosen)
    },
    async finish() {
      await setSlot(to, 'NODE', target as string)
      await setSlot(from, 'NODE', target as string)
      await until('all nodes know whose slot it is', () => isKnown(slot, { nodes, owner: to }))
    },
  }
}

async function keysIn(slot: number, node: RedisServer): Promise<readonly string[]> {
  const text = await node.cli('CLUSTER', 'GETKEYSINSLOT', String(slot), MOST_KEYS)
  return text === '' ? [] : text.split('\n')
}
