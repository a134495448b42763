/** What the nodes of a cluster say of each other. Those that do not answer have no say. */
import { answerOf, type RedisServer } from './process.ts'

export const SLOTS = 16_384

interface NodeView {
  /** `host:port`. */
  readonly address: string
  readonly flags: readonly string[]
  readonly slots: readonly (readonly [from: number, to: number])[]
}

interface Ownership {
  readonly nodes: readonly RedisServer[]
  readonly owner: RedisServer
}

export async function haveMet(nodes: readonly RedisServer[]): Promise<boolean> {
  const views = await Promise.all(nodes.map(viewOf))
  return views.every((view) => isComplete(view, nodes.length))
}

/** Whether all of them run, serve all slots, and agree on how many are primaries. */
export async function areWhole(nodes: readonly RedisServer[]): Promise<boolean> {
  const isWhole = async (node: RedisServer): Promise<boolean> => {
    const info = String(await answerOf(node, ['CLUSTER', 'INFO']))
    const view = await viewOf(node)
    return (
      info.includes('cluster_state:ok') &&
      info.includes(`cluster_slots_ok:${SLOTS}`) &&
      isComplete(view, nodes.length) &&
      view.every(({ flags, slots }) => flags.includes('master') === slots.length > 0)
    )
  }
  return (await Promise.all(nodes.map(isWhole))).every(Boolean)
}

/** By most votes: one that was cut off may believe what is over. */
export async function ownerOf(slot: number, nodes: readonly RedisServer[]): Promise<RedisServer> {
  const named = (await Promise.all(nodes.map(viewOf))).flatMap((view) => ownerIn(view, slot) ?? [])
  const votes = (node: RedisServer): number => named.filter((address) => address === addressOf(node)).length
  const [owner] = nodes.toSorted((a, b) => votes(b) - votes(a))
  if (owner === undefined || votes(owner) === 0) throw new Error(`No node serves slot ${slot}.`)
  return owner
}

export async function isKnown(slot: number, { nodes, owner }: Ownership): Promise<boolean> {
  const views = await Promise.all(nodes.map(viewOf))
  return views.every((view) => view.length === 0 || ownerIn(view, slot) === addressOf(owner))
}

function addressOf({ host, port }: RedisServer): string {
  return `${host}:${port}`
}

function ownerIn(view: readonly NodeView[], slot: number): string | undefined {
  return view.find(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to))?.address
}

function isComplete(view: readonly NodeView[], count: number): boolean {
  const isStranger = ({ flags }: NodeView): boolean =>
    flags.some((flag) => /^(?:handshake|noaddr|fail\??)$/.test(flag))
  return view.length === count && !view.some(isStranger)
}

/** A line of `CLUSTER NODES` is: id, address, flags, primary, ping, pong, epoch, link, slots. */
async function viewOf(node: RedisServer): Promise<readonly NodeView[]> {
  const answer = await answerOf(node, ['CLUSTER', 'NODES'])
  if (typeof answer !== 'string') return []
  return answer
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, address = '', flags = '', , , , , , ...slots]) => ({
      address: address.split('@', 1)[0] ?? '',
      flags: flags.split(','),
      slots: slots.flatMap(rangeOf),
    }))
}

/** `0-5460`, `5461`; what stands in brackets is on its way. */
function rangeOf(text: string): [from: number, to: number][] {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  return from === undefined ? [] : [[Number(from), Number(to)]]
}
