/**
 * The fence: whether what this process reads from is still the authority.
 *
 * A primary that was deposed and cut off goes on answering reads for ever, and nothing in its answers shows it. So each
 * process proves again and again that its primary is one: a heartbeat (`fence-beat.ts`) is written, acknowledged by all
 * voters or witnessed by others, and found again where the reads go. What is read is good for `fenceMs` from *sending* the
 * last heartbeat that was confirmed, by whichever clock says more.
 *
 *     SET <prefix>:{<tag>}:beat:<node> <number> PX <2 × fenceMs>     one key for each primary and process
 *
 * Heartbeats are sent while somebody asks, and on demand; an idle process sends none. One is on its way to a primary at
 * a time. Which tags share a primary is `topology.ts`. Why it holds: docs/decisions/0018-the-fence.md.
 */
import type { Environment, Timer } from '../../core/environment.ts'
import { ageAt, type Instant, instant, NEVER } from '../../core/instant.ts'
import type { Measure } from '../../core/measures.ts'
import { prove, unconfirmed } from './fence-beat.ts'
import { createTally, fenceMeasures, type PrimaryState } from './fence-measures.ts'
import { within } from './fence-timeout.ts'
import type { Layout } from './layout.ts'
import type { RedisPort } from './port.ts'
import { createTopology, type Primary } from './topology.ts'

export interface Fence {
  /**
   * Whether the primary of the tag (its number in the layout) was confirmed at most `fenceMs` ago. Asking is what keeps
   * the heartbeats going. **Cost**: an array access and two subtractions.
   */
  isConfirmed(tag: number, now: Instant): boolean
  /** When the last confirmed heartbeat was sent; `NEVER` for none, and after the reads' server may have changed. Asking keeps the heartbeats going. */
  lastConfirmed(tag: number): Instant
  /**
   * When the oldest heartbeat was sent that a read may come to stand on if it is sent now; `undefined`: one that is not sent
   * yet. One that was given up still counts when its answer comes.
   */
  standsOn(tag: number): Instant | undefined
  /** Another one as soon as reads may go to another server: what was confirmed of the last one says nothing of what they bring. */
  readonly route: number
  /**
   * Joins the heartbeat on its way to the tag's primary, or sends one now. Resolves when it is decided, or after two fifths of
   * `fenceMs`, to whether the tag is confirmed by then and reads have gone to the same server all along: what was read
   * after this call may be believed. Never rejects.
   */
  confirm(tag: number): Promise<boolean>
  /**
   * Why the last heartbeat to the tag's primary was not confirmed: the cause of an error. Absent after one that was, and so
   * where `confirm` says no only because reads may have gone elsewhere meanwhile, or the answer came too late to count.
   */
  lastFailure(tag: number): unknown
  measures(): readonly Measure[]
  /** No heartbeat is sent any more, and nothing is confirmed. Idempotent. */
  close(): void
}

export interface FenceOptions {
  readonly port: RedisPort
  readonly environment: Environment
  readonly layout: Pick<Layout, 'tags' | 'beatKey'>
  /** All replicas of a primary. 0 on a single server: nothing can be promoted. */
  readonly voters: number
  /** F, in milliseconds. */
  readonly fenceMs: number
}

/** Parts of `fenceMs`. */
const PERIOD = 1 / 5
const GIVE_UP = 2 / 5
const WAIT = 1 / 5
/** The heartbeat's key outlives any answer that still counts. */
const LIFE = 2
/** Rounds without a question: some three times `fenceMs`. */
const IDLE_AFTER = 15
/** Voters in health take a few milliseconds. Where others can be asked instead, a request waits that long for a missing one. */
const WITNESSED_WAIT_MS = 100
const NODE_BYTES = 6

/** A heartbeat that was confirmed: when it was sent, and as which. */
interface Confirmation extends Instant {
  readonly order: number
}

const NO_CONFIRMATION: Confirmation = { ...NEVER, order: 0 }

/** What is going on with a primary. */
interface Line {
  readonly primary: Primary
  underWay: Promise<void> | undefined
  last: Confirmation
  failure: unknown
}

export function createFence({ port, environment, layout, voters, fenceMs }: FenceOptions): Fence {
  const node = environment.randomBytes(NODE_BYTES).toString('base64url')
  const keyOf = (tag: number): string => layout.beatKey(tag, node)
  const giveUpMs = fenceMs * GIVE_UP
  const topology = createTopology({ port, environment, layout, keyOf, giveUpMs })
  const waitMs = Math.floor(
    port.isNamedPrimary === undefined ? fenceMs * WAIT : Math.min(fenceMs * WAIT, WITNESSED_WAIT_MS),
  )
  const tally = createTally()
  const startedAt = instant(environment)
  /** By tag. */
  let confirmations: Confirmation[] = layout.tags.map(() => NO_CONFIRMATION)
  /** In order: sent on the present route and not answered, also those that were given up. */
  const outstanding = new Set<Confirmation>()
  /** By the primary's index. */
  const lines: Line[] = []
  const unwatch = port.watchRouting?.(forget)
  let sent = 0
  /** Another one once reads may go to another server. */
  let route = 0
  /** Rounds since somebody asked. A small number, because every check writes it. */
  let quietRounds = 0
  let timer: Timer | undefined
  let isClosed = false

  function forget(): void {
    route++
    confirmations = layout.tags.map(() => NO_CONFIRMATION)
    outstanding.clear()
    topology.forget()
  }

  function isFresh(confirmation: Instant, now: Instant): boolean {
    return ageAt(confirmation, now) <= fenceMs
  }

  /** A primary that was forgotten and found again has the age that it had, but no heartbeat that is under way. */
  function lineOf(primary: Primary): Line {
    const line = lines[primary.index]
    if (line?.primary === primary) return line
    const last = line?.primary.id === primary.id ? line.last : NO_CONFIRMATION
    const current: Line = { primary, underWay: undefined, last, failure: undefined }
    lines[primary.index] = current
    return current
  }

  function beat(primary: Primary): Promise<void> {
    const line = lineOf(primary)
    line.underWay ??= sendInTime(line)
    return line.underWay
  }

  async function sendInTime(line: Line): Promise<void> {
    const isSettled = await within(environment, giveUpMs, send(line))
    line.underWay = undefined
    if (isSettled !== undefined) return
    tally.unanswered++
    line.failure = unconfirmed('The heartbeat was not answered in time. Check the network to Redis.')
  }

  /**
   * However late the answer is, it counts from the moment of sending, and never against a later heartbeat. One that is too old
   * to count proves nothing either way: when this process was held up, its key may have ended before it was looked for.
   */
  async function send(line: Line): Promise<true> {
    const heartbeat: Confirmation = { ...instant(environment), order: ++sent }
    const begun = route
    for (const old of outstanding) if (heartbeat.monotonic - old.monotonic > fenceMs) outstanding.delete(old)
    outstanding.add(heartbeat)
    try {
      const key = keyOf(anyOf(line.primary.tags))
      const value = String(heartbeat.order)
      const outcome = await prove({ port, key, value, voters, ttlMs: fenceMs * LIFE, waitMs })
      const tags = await topology.review(line.primary, key)
      tally[outcome]++
      if (begun === route) confirmFrom(heartbeat, line, tags)
    } catch (error) {
      tally.failed++
      const counts = isFresh(heartbeat, instant(environment)) && heartbeat.order > line.last.order
      if (counts) line.failure = error
    }
    outstanding.delete(heartbeat)
    return true
  }

  function confirmFrom(heartbeat: Confirmation, line: Line, tags: readonly number[]): void {
    for (const tag of tags) {
      if (heartbeat.order > (confirmations[tag] as Confirmation).order) confirmations[tag] = heartbeat
    }
    if (heartbeat.order < line.last.order) return
    line.last = heartbeat
    line.failure = undefined
  }

  function hasConfirmed(primary: Primary): boolean {
    const now = instant(environment)
    return [...primary.tags].some((tag) => isFresh(confirmations[tag] as Confirmation, now))
  }

  async function findAndBeat(tag: number): Promise<void> {
    if (isClosed) return
    const primary = await topology.find(tag)
    if (primary !== undefined) await beat(primary)
  }

  function round(): void {
    for (const primary of topology.primaries()) void beat(primary)
    for (const tag of topology.lost()) void findAndBeat(tag)
    timer = environment.after(fenceMs * PERIOD * (0.75 + environment.jitter() / 4), tick)
  }

  function tick(): void {
    timer = undefined
    if (++quietRounds <= IDLE_AFTER) round()
  }

  /** A tag that turns out to be another primary's is looked for once more. */
  async function settle(tag: number): Promise<void> {
    const primary = topology.ownerOf(tag) ?? (await topology.find(tag))
    if (primary === undefined) return
    await beat(primary)
    if (topology.ownerOf(tag) !== primary) await findAndBeat(tag)
  }

  function stateOf(primary: Primary): PrimaryState {
    const state = hasConfirmed(primary) ? 'confirmed' : 'unconfirmed'
    return { index: primary.index, age: ageOf(lineOf(primary)), state: timer === undefined ? 'idle' : state }
  }

  /** A cluster's primaries are not known at the start, and not for a while after the reads' server may have changed. */
  function stateOfUnknown(): PrimaryState {
    return { index: 0, age: ageOf(lines[0]), state: timer === undefined ? 'idle' : 'unconfirmed' }
  }

  function ageOf({ last }: Pick<Line, 'last'> = { last: NO_CONFIRMATION }): number {
    return ageAt(last === NO_CONFIRMATION ? startedAt : last, instant(environment))
  }

  function measures(): readonly Measure[] {
    return fenceMeasures({ tally, primaries: topology.primaries().map(stateOf), unknown: stateOfUnknown() })
  }

  return {
    isConfirmed(tag, now) {
      quietRounds = 0
      return isFresh(confirmations[tag] as Confirmation, now)
    },
    lastConfirmed(tag) {
      quietRounds = 0
      return confirmations[tag] as Confirmation
    },
    standsOn(tag) {
      const now = instant(environment)
      return [confirmations[tag] as Confirmation, ...outstanding].find((sentAt) => isFresh(sentAt, now))
    },
    get route() {
      return route
    },
    async confirm(tag) {
      if (isClosed) return false
      const begun = route
      quietRounds = 0
      if (timer === undefined) round()
      await settle(tag)
      return begun === route && isFresh(confirmations[tag] as Confirmation, instant(environment))
    },
    lastFailure(tag) {
      const primary = topology.ownerOf(tag)
      return primary === undefined ? topology.failureOf(tag) : lineOf(primary).failure
    },
    measures,
    close() {
      isClosed = true
      timer?.cancel()
      unwatch?.()
      forget()
    },
  }
}

/** A primary has at least one tag. */
function anyOf(tags: ReadonlySet<number>): number {
  for (const tag of tags) return tag
  throw unconfirmed('No slot is known to be on this server.')
}
