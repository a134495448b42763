/**
 * Which tags share a primary, so that one heartbeat serves all of them.
 *
 * A single server and a Sentinel group have one primary. In a cluster a tag belongs to the node that its reads are sent to
 * (`CLUSTER MYID`, routed by one of its keys), as long as that node says with each heartbeat that the slot is its own
 * (`CLUSTER NODES`). A slot that moved leaves its primary, and is looked for again: the former owner's word does not count for it.
 */
import type { Environment } from '../../core/environment.ts'
import type { SystemError } from '../../core/errors.ts'
import { unconfirmed } from './fence-beat.ts'
import { within } from './fence-timeout.ts'
import type { Layout } from './layout.ts'
import type { RedisPort, Reply } from './port.ts'
import { slotOf } from './slots.ts'

/** A server, as far as this process knows. */
export interface Primary {
  /** Small and stable: names it in the measures. */
  readonly index: number
  readonly id: string
  /** Those whose heartbeat it is. */
  readonly tags: Set<number>
}

export interface Topology {
  ownerOf(tag: number): Primary | undefined
  /** Those that have tags. */
  primaries(): readonly Primary[]
  /** Tags whose primary is not known. */
  lost(): readonly number[]
  /** Asks whose the tag is; `undefined` when there is no answer. Joins a question on its way. Never rejects. */
  find(tag: number): Promise<Primary | undefined>
  /**
   * Which tags the server behind `key` is the owner of, in its own words; the others of that primary are lost now.
   * @throws SystemError `STORE_UNCONFIRMED` when none is left, as when another server answers
   */
  review(primary: Primary, key: string): Promise<readonly number[]>
  /** Reads may go anywhere now. A primary that is found again has its index, and is another object. */
  forget(): void
  /** Why nobody is known to own it. */
  failureOf(tag: number): unknown
}

export interface TopologyOptions {
  readonly port: RedisPort
  readonly environment: Environment
  readonly layout: Pick<Layout, 'tags'>
  /** A key of the tag. */
  readonly keyOf: (tag: number) => string
  readonly giveUpMs: number
}

export function createTopology(options: TopologyOptions): Topology {
  return options.port.traits.topology === 'cluster' ? clusterTopology(options) : singleTopology(options)
}

function singleTopology({ layout }: TopologyOptions): Topology {
  const tags = layout.tags.map((_, tag) => tag)
  const all = (): Primary => ({ index: 0, id: '', tags: new Set(tags) })
  let primary = all()
  return {
    ownerOf: () => primary,
    primaries: () => [primary],
    lost: () => [],
    find: () => Promise.resolve(primary),
    review: () => Promise.resolve(tags),
    forget() {
      primary = all()
    },
    failureOf: () => undefined,
  }
}

function clusterTopology({ port, environment, layout, keyOf, giveUpMs }: TopologyOptions): Topology {
  const slots = layout.tags.map(slotOf)
  const owners: (Primary | undefined)[] = layout.tags.map(() => undefined)
  let known = new Map<string, Primary>()
  let asked = new Map<number, Promise<Primary | undefined>>()
  const failures: unknown[] = layout.tags.map(() => undefined)

  function give(tag: number, id: string): Primary {
    const primary = known.get(id) ?? { index: freeIndex(known), id, tags: new Set() }
    known.set(id, primary)
    primary.tags.add(tag)
    owners[tag] = primary
    return primary
  }

  function lose(primary: Primary, tag: number): void {
    primary.tags.delete(tag)
    failures[tag] = notItsOwn()
    if (owners[tag] === primary) owners[tag] = undefined
    if (primary.tags.size === 0 && known.get(primary.id) === primary) known.delete(primary.id)
  }

  async function ask(tag: number): Promise<Whose> {
    try {
      return { id: String(await port.command(['CLUSTER', 'MYID'], { key: keyOf(tag), readonly: true })) }
    } catch (failure) {
      return { failure }
    }
  }

  /** `questions` are those of now, or of a time since when reads may go elsewhere. */
  async function askInTime(tag: number, questions: typeof asked): Promise<Primary | undefined> {
    const answer = (await within(environment, giveUpMs, ask(tag))) ?? { failure: notInTime() }
    questions.delete(tag)
    if (questions !== asked) return undefined
    if ('id' in answer) return give(tag, answer.id)
    failures[tag] = answer.failure
    return undefined
  }

  return {
    ownerOf: (tag) => owners[tag],
    primaries: () => [...known.values()].filter(({ tags }) => tags.size > 0),
    lost: () => owners.flatMap((owner, tag) => (owner === undefined ? [tag] : [])),
    find(tag) {
      // Asking may meet a connection that is lost just now, and all is forgotten meanwhile.
      const questions = asked
      const answer = questions.get(tag) ?? askInTime(tag, questions)
      questions.set(tag, answer)
      return answer
    },
    async review(primary, key) {
      const own = ownView(await port.command(['CLUSTER', 'NODES'], { key, readonly: true }))
      const isIts = (tag: number): boolean => own?.id === primary.id && own.hasSlot(slots[tag] as number)
      for (const tag of primary.tags) if (!isIts(tag)) lose(primary, tag)
      if (primary.tags.size === 0) throw notItsOwn()
      return [...primary.tags]
    },
    forget() {
      asked = new Map()
      owners.fill(undefined)
      failures.fill(undefined)
      known = new Map(
        [...known.values()]
          .filter(({ tags }) => tags.size > 0)
          .map((it) => [it.id, { ...it, tags: new Set() }]),
      )
    },
    failureOf: (tag) => failures[tag],
  }
}

/** A node's id, or why it is not known. */
type Whose = { readonly id: string } | { readonly failure: unknown }

function notInTime(): SystemError {
  return unconfirmed('Nobody said in time whose slot it is. Check the network to the cluster.')
}

function notItsOwn(): SystemError {
  return unconfirmed('Reads of this slot go to a server that says it is not its own.')
}

function freeIndex(known: ReadonlyMap<string, Primary>): number {
  const taken = new Set([...known.values()].map(({ index }) => index))
  let index = 0
  while (taken.has(index)) index++
  return index
}

interface OwnView {
  readonly id: string
  hasSlot(slot: number): boolean
}

/** The line of `CLUSTER NODES` about the server that answers: id, address, flags, primary, ping, pong, epoch, link, slots. A replica has no slots. */
function ownView(reply: Reply): OwnView | undefined {
  const lines = String(reply).split('\n')
  const fields = lines.map((line) => line.split(' ')).find((line) => line[2]?.split(',').includes('myself'))
  if (fields === undefined) return undefined
  const ranges = fields.slice(8).flatMap(rangeOf)
  return {
    id: fields[0] as string,
    hasSlot: (slot) => ranges.some(([from, to]) => from <= slot && slot <= to),
  }
}

/** `0-5460` or `5461`. What stands in brackets is on its way, and is listed without them as long as it is here. */
function rangeOf(text: string): (readonly [number, number])[] {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(text.trim()) ?? []
  return from === undefined ? [] : [[Number(from), Number(to)]]
}
