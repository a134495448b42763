/**
 * Whether others than itself name the server that is read from: a primary that was deposed and cut off would say so
 * of itself for ever. A majority has to, and nobody waits for those who are silent once it has; whoever does not answer
 * within a second does not.
 */
import { lookup } from 'node:dns/promises'
import { Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { patience } from '../patience.ts'
import type { Reply } from '../port.ts'
import { mostNamed } from '../votes.ts'
import { ask, ignore } from './command.ts'
import type { Links } from './links.ts'
import { CONNECT_MS, nodeSettings, ONCE } from './settings.ts'

interface Address {
  readonly host: string
  readonly port: number
}

const OWN = 'the server that is read from'
const ANOTHER = 'another one'

/**
 * Asks every Sentinel that was configured, on connections of the moment: there is none that could be stale. When most
 * name another server than is read from, the driver is made to connect to that one.
 */
export async function isNamedBySentinels(client: Redis, environment: Environment): Promise<boolean> {
  const { stream, options } = client
  const { sentinels } = options
  const { remoteAddress, remotePort } = stream ?? {}
  if (!sentinels || client.status !== 'ready' || remoteAddress === undefined) return false
  const own = { host: plain(remoteAddress), port: Number(remotePort) }
  const votes = sentinels.map(async (sentinel) => {
    const named = await primaryNamedBy(sentinel, { client, environment })
    return named === undefined ? undefined : (await isSame(named, own)) ? OWN : ANOTHER
  })
  const { choice, isMajority } = await mostNamed(votes)
  if (client.stream !== stream) return false
  if (isMajority && choice === ANOTHER) client.disconnect(true)
  return isMajority && choice === OWN
}

async function primaryNamedBy(
  sentinel: Partial<Address>,
  { client, environment }: { readonly client: Redis; readonly environment: Environment },
): Promise<Address | undefined> {
  const { name, sentinelUsername, sentinelPassword, sentinelTLS } = client.options
  const link = new Redis({
    ...nodeSettings(environment),
    ...ONCE,
    connectTimeout: 0,
    host: sentinel.host ?? '127.0.0.1',
    port: sentinel.port ?? 26_379,
    ...(sentinelUsername ? { username: sentinelUsername } : {}),
    ...(sentinelPassword ? { password: sentinelPassword } : {}),
    ...(sentinelTLS === undefined ? {} : { tls: sentinelTLS }),
  })
  link.on('error', ignore)
  const limit = patience(environment, CONNECT_MS, () => link.stream?.destroy())
  try {
    await link.connect()
    return addressIn(await ask(link, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', String(name)]))
  } catch {
    return undefined
  } finally {
    limit.cancel()
    link.disconnect()
  }
}

/**
 * Asks all primaries for the cluster as they see it, on the connections that there are. Nodes are compared by their
 * ids, which are the same from wherever one looks. The driver drops a node that it has lost, so a majority is one of
 * all that are known to those who answer.
 */
export async function isNamedByCluster(links: Links, key: string): Promise<boolean> {
  const primary = links.primaryOf(key)
  const slot = links.slotOf(key)
  if (primary === undefined || slot === undefined) return false
  const views: (readonly SlotRange[])[] = []
  const votes = links.primaries().map(async (node) => {
    const view = rangesIn(await ask(node, ['CLUSTER', 'SLOTS']))
    views.push(view)
    return ownerOf(slot, view)
  })
  const [id, { choice }] = await Promise.all([idOf(primary), mostNamed(votes)])
  const known = new Set(views.flat().map(([, , [, , owner]]) => String(owner)))
  const agreed = views.filter((view) => ownerOf(slot, view) === choice)
  return choice !== undefined && choice === id && agreed.length > known.size / 2
}

function idOf(node: Redis): Promise<string | undefined> {
  return ask(node, ['CLUSTER', 'MYID']).then(String, () => undefined)
}

type SlotRange = readonly [
  from: number,
  to: number,
  primary: readonly [host: Reply, port: number, id: Buffer],
]

function rangesIn(reply: Reply): readonly SlotRange[] {
  return Array.isArray(reply) ? (reply as readonly SlotRange[]) : []
}

function ownerOf(slot: number, view: readonly SlotRange[]): string | undefined {
  return view.find(([from, to]) => from <= slot && slot <= to)?.[2][2].toString()
}

function addressIn(reply: Reply): Address | undefined {
  if (!Array.isArray(reply)) return undefined
  const [host, port] = reply as readonly Reply[]
  return { host: String(host), port: Number(port) }
}

/** A name is looked up: Sentinels may name hosts, and this process knows only where its socket ends. */
async function isSame(named: Address, own: Address): Promise<boolean> {
  if (named.port !== own.port) return false
  const addresses = await lookup(named.host, { all: true }).catch(() => [])
  return addresses.some(({ address }) => plain(address) === own.host)
}

/** An IPv4 address, where it is written as one of IPv6. */
function plain(address: string): string {
  return address.replace(/^::ffff:/i, '')
}
