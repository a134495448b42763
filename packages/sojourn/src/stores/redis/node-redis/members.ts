/**
 * Who serves which slot of a cluster, and a `Primary` for each. The map is asked for again when a server redirects, when
 * one cannot be reached, and when one that was asked is not the one any more; a member that left the map is closed.
 */
import type { Environment } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import type { Reply } from '../port.ts'
import { askOnce, type Connection, type Dial, open } from './dial.ts'
import { type Interests, interests } from './interests.ts'
import { closedError } from './link.ts'
import type { Address } from '../address.ts'
import { type Primary, primaryOver } from './primary.ts'
import { SLOTS } from '../slots.ts'
import { type ClusterMember, readSlotMap, type SlotRange } from './slot-map.ts'
import { mostNamed } from '../votes.ts'

export interface ClusterTarget {
  readonly environment: Environment
  /** Where to ask first, and whenever no member answers. */
  readonly seeds: readonly Required<Address>[]
  readonly dial: Dial
}

export interface Member extends ClusterMember {
  readonly primary: Primary
}

export interface Members {
  readonly interests: Interests
  /** Who serves the slot; absent while nobody is known to. */
  readonly serving: (slot: number) => Member | undefined
  /** Waits for the first map; afterwards rejects at once when nobody is known to serve the slot. */
  readonly found: (slot: number) => Promise<Member>
  /** The member at this address; one that was not known is connected to. */
  readonly at: (address: Required<Address>) => Member
  /** Who serves the slot now, as a server said that refused to. The whole map is asked for. */
  readonly moved: (slot: number, to: Required<Address>) => Member
  readonly all: () => readonly Member[]
  /** Asks for the map, once for all that want it now. Never rejects. */
  readonly refresh: () => Promise<void>
  readonly close: () => Promise<void>
}

export const MAP_QUESTION = ['CLUSTER', 'SLOTS'] as const
const RETRY_MS = 500
/** However large the cluster is. */
const MOST_ASKED = 5

interface Asked {
  readonly host: string
  readonly answer: Promise<Reply>
}

export function clusterMembers({ environment, seeds, dial }: ClusterTarget): Members {
  const members = new Map<string, Member>()
  const slots: (Member | undefined)[] = Array.from({ length: SLOTS })
  const interested = interests(environment, upConnections)
  let closed = false
  let reason: unknown
  let retry = { cancel: (): void => {} }
  let asking: Promise<void> | undefined
  let first: Promise<void> | undefined = refresh().finally(() => (first = undefined))

  return {
    interests: interested,
    serving: (slot) => slots[slot],
    found,
    at,
    moved,
    all: () => [...members.values()],
    refresh,
    close,
  }

  async function found(slot: number): Promise<Member> {
    await first
    const member = slots[slot]
    if (closed) throw closedError()
    if (member === undefined) throw unserved(reason)
    return member
  }

  function refresh(): Promise<void> {
    asking ??= askAround().finally(() => (asking = undefined))
    return asking
  }

  async function askAround(): Promise<void> {
    for (const asked of [someMembers, allSeeds]) {
      const { choice } = await mostNamed(asked().map(mapOf))
      if (choice !== undefined) return apply(JSON.parse(choice) as readonly SlotRange[])
    }
    retry.cancel()
    if (!closed) retry = environment.after(RETRY_MS * (0.5 + environment.jitter() / 2), () => void refresh())
  }

  /** Not one alone: a primary that was cut off goes on telling of the time when it was one. */
  function someMembers(): readonly Asked[] {
    const up = [...members.values()].filter(({ primary }) => primary.connection !== undefined)
    const start = Math.floor(environment.jitter() * up.length)
    return [...up.slice(start), ...up.slice(0, start)]
      .slice(0, MOST_ASKED)
      .map(({ host, primary }) => ({ host, answer: primary.read(MAP_QUESTION) }))
  }

  function allSeeds(): readonly Asked[] {
    const question = { args: MAP_QUESTION, environment }
    return seeds.map((seed) => ({
      host: seed.host,
      answer: askOnce(dial(seed, { tracked: false }), question),
    }))
  }

  /** As text, to be compared. */
  async function mapOf({ host, answer }: Asked): Promise<string> {
    try {
      return JSON.stringify(readSlotMap(await answer, host))
    } catch (error) {
      reason = error
      throw error
    }
  }

  function apply(ranges: readonly SlotRange[]): void {
    if (closed) return
    const before = [...slots]
    slots.fill(undefined)
    for (const { from, to, primary } of ranges) slots.fill(memberFor(primary), from, to + 1)
    const serving = new Set(slots)
    for (const [address, gone] of members) {
      if (serving.has(gone)) continue
      members.delete(address)
      void gone.primary.close()
    }
    // Where nobody served a slot, nothing was read.
    if (before.some((served, slot) => served !== undefined && served !== slots[slot])) interested.rerouted()
  }

  function at(address: Required<Address>): Member {
    return members.get(nameOf(address)) ?? memberFor({ ...address, id: '' })
  }

  function moved(slot: number, to: Required<Address>): Member {
    const member = at(to)
    if (slots[slot] !== member) {
      slots[slot] = member
      interested.rerouted()
    }
    void refresh()
    return member
  }

  function memberFor(entry: ClusterMember): Member {
    const known = members.get(nameOf(entry))
    if (known !== undefined && (known.id === entry.id || entry.id === '')) return known
    const fresh = { ...entry, primary: known?.primary ?? primaryAt(entry) }
    members.set(nameOf(entry), fresh)
    return fresh
  }

  function primaryAt(place: Required<Address>): Primary {
    return primaryOver({
      environment,
      interests: interested,
      onFailedAttempt: () => void refresh(),
      open: async (use) => {
        const connection = dial({ host: place.host, port: place.port }, use)
        await open(connection, environment)
        return connection
      },
    })
  }

  function upConnections(): readonly Connection[] {
    return [...members.values()].flatMap(({ primary }) => primary.connection ?? [])
  }

  async function close(): Promise<void> {
    closed = true
    retry.cancel()
    await Promise.all([...members.values()].map(({ primary }) => primary.close()))
    await asking
  }
}

function nameOf({ host, port }: Required<Address>): string {
  return `${host} ${port}`
}

function unserved(cause: unknown): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'Nobody is known to serve this slot of the cluster.', {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  })
}
