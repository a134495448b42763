/**
 * The store contract. A store keeps rosters and compares before it sets; it computes no policy.
 *
 * The rules in prose, which every store keeps and the conformance kit (`sojourn/testing`) forces open:
 *
 * - A present roster is complete. `read` and `list` answer `undefined` for *no roster*; a roster without
 *   the wanted record is another answer. A roster appears whole or not at all.
 * - Absence is death. `commit` never creates what it expected to exist; `expect: 'absent'` is the only
 *   way to create a roster, and it fails when one is there.
 * - A commit applies wholly or not at all, and is visible to every later read of any process.
 * - `'gone'`: there is no such roster, or another incarnation of it. `'conflict'`: any other expectation
 *   failed. Neither applies anything. `'uncertain'`: applied here, the write class was not reached.
 *   A throw means the outcome is unknown: it may have been applied, or may be applied later.
 * - A record is returned only for the key and number that were asked. Bytes that do not decode are
 *   reported as `Unreadable` and count as absent: never a guess, never another record.
 * - The life of a key only grows (`keepUntil`). Expiry of sessions is judged by the caller from the record;
 *   the store may delete a roster no earlier than `keepUntil`.
 *
 * To add a store: implement this, run the kit over it, declare in `traits` what it cannot keep.
 */
import type { Instant } from './instant.ts'
import type { CommitId, Incarnation, RosterKey, SessionNumber } from './ids.ts'
import type { EndReason, Roster, RosterHeader, StoredSession, Unreadable } from './roster.ts'

export interface SessionStore {
  readonly traits: StoreTraits
  /** The header and one record. **Cost**: one round trip, no write. */
  read(roster: RosterKey, number: SessionNumber): Promise<ReadAnswer>
  /** The whole roster. **Cost**: one round trip, no write. */
  list(roster: RosterKey): Promise<Roster | Unreadable | undefined>
  /** Checks `change.expect` and applies the rest, atomically. **Cost**: one round trip. */
  commit(roster: RosterKey, change: RosterChange): Promise<CommitAnswer>
  readonly documents: VersionedDocuments
  /** Resolves when the store answers. @throws SystemError `STORE_UNAVAILABLE` and its kin */
  ping(): Promise<void>
  /** Releases what the store opened itself. Idempotent. */
  close(): Promise<void>
}

export interface RosterRead {
  readonly header: RosterHeader
  readonly record?: StoredSession
  /** The record is there and cannot be read. */
  readonly unreadable?: Unreadable
}

/** `undefined`: no roster. A bare `Unreadable`: the header itself cannot be read, so nothing under it counts. */
export type ReadAnswer = RosterRead | Unreadable | undefined

export type CommitAnswer = 'committed' | 'conflict' | 'gone' | 'uncertain'

/** How far a write must have come before it is acknowledged, weakest first. */
export type WriteClass = 'fast' | 'replicated' | 'durable'

export interface RosterChange {
  /** Kept in the header or the records that the change puts; after an unknown outcome, re-read and look for it. */
  readonly id: CommitId
  readonly expect: 'absent' | RosterExpectation
  /** The new header; `'drop'` removes the roster with all its records; absent leaves the header alone. A creation brings one. */
  readonly header?: RosterHeader | 'drop'
  readonly put: readonly StoredSession[]
  readonly remove: readonly RemovedRecord[]
  /** Epoch milliseconds; only ever raises the key's life, because a touch knows one record and not its siblings. */
  readonly keepUntil: number
  readonly writeClass: WriteClass
}

export interface RosterExpectation {
  /** Always checked: a roster that was rebuilt is another one. */
  readonly incarnation: Incarnation
  /** Always checked: a user-wide revocation beats every change in flight. */
  readonly epoch: number
  /** Checked when the change touches membership or the header. */
  readonly rosterVersion?: number
  readonly records: readonly RecordExpectation[]
}

export interface RecordExpectation {
  readonly number: SessionNumber
  readonly version: number | 'absent'
  readonly privilege?: number
}

export interface RemovedRecord {
  readonly number: SessionNumber
  readonly why: EndReason
  /** Until when a durable copy must remember the removal. */
  readonly absoluteDeadline: number
}

/** What a store can promise, read when the manager is built and printed in the guarantee table. */
export interface StoreTraits {
  readonly name: string
  /** Supported write classes, weakest first; revocations use the last. */
  readonly writeClasses: readonly WriteClass[]
  /** Other processes may change the same rosters. */
  readonly shared: boolean
  /** Numbered conformance rules that this store cannot keep, each with its reason. */
  readonly deviations: readonly { readonly rule: string; readonly because: string }[]
  /** How this process hears of other processes' changes. Default `'none'`: reads ask, or a lease bounds their age. */
  readonly invalidation?: 'push' | 'feed' | 'none'
  /** Into how many places the rosters are laid; it can never change, so the deployment record holds it. */
  readonly tags?: number
}

/** Small named documents (deployment record, key ring, address rules), replaced by compare-and-set. */
export interface VersionedDocuments {
  get(name: string): Promise<VersionedDocument | undefined>
  /** `expected` is the version that was read, or `'absent'`. The new version is one higher, the first is 1. */
  put(name: string, expected: number | 'absent', value: string): Promise<'committed' | 'conflict'>
  /**
   * Since when at least what `get` answers is known to be so, if it is asked now: behind a fence an answer may be that
   * old. Absent or `undefined`: since it is asked.
   */
  asOf?(): Instant | undefined
}

export interface VersionedDocument {
  readonly version: number
  readonly value: string
}

/**
 * Optional capability: a read that answers at once, or says that it cannot (`'ask'`). It never blocks or throws.
 *
 * Given `known`, what an earlier `peek` of the same place answered, it may answer that very object, if nothing about the
 * roster has changed since: whoever decided on it then need not look at it again. A store that never does so is right.
 */
export interface SynchronousReads {
  peek(roster: RosterKey, number: SessionNumber, known?: RosterRead): ReadAnswer | 'ask'
}

export function readsSynchronously(store: SessionStore): store is SessionStore & SynchronousReads {
  return typeof (store as Partial<SynchronousReads>).peek === 'function'
}

/**
 * Optional capability: what `read`, `list` and `peek` answer may be a copy, as late as the store says, and here is
 * what it is a copy of. Whatever is decided for good is decided there: changes, negatives, checks in mode `strict`.
 */
export interface CopyingReads {
  readonly authority: SessionStore
}

export function authorityOf(store: SessionStore): SessionStore {
  return (store as Partial<CopyingReads>).authority ?? store
}

/**
 * Optional capability: tells of changes that other processes made. That makes copies fresh sooner, and no promise rests on
 * it; one does on `lost`, where reads may go to another server: a copy of what the last one said is not this one's word.
 */
export interface ChangeFeed {
  /**
   * From the answer of a read that was sent after this call on, every change of that roster is told about, until
   * `lost` is called: then anything may have changed unheard. Where `traits.invalidation` is `none`, `lost` alone is called.
   * Calling the answer ends it.
   */
  watchChanges(listener: ChangeListener): () => void
}

export interface ChangeListener {
  /** The roster has changed, or may have. Called at once when it is heard of, between two answers to reads. */
  readonly changed: (roster: RosterKey) => void
  /** Changes were missed, or may have been. */
  readonly lost: () => void
}

export function tellsOfChanges(store: SessionStore): store is SessionStore & ChangeFeed {
  return typeof (store as Partial<ChangeFeed>).watchChanges === 'function'
}

/**
 * Optional capability: the fence. The store finds out at short intervals whether what it reads from is still the
 * authority (a primary that was deposed and cut off goes on answering), and its own reads throw when that was too long
 * ago. Whoever keeps copies asks before each use.
 */
export interface Fenced {
  /** Whether that was confirmed recently enough, by both clocks. **Cost**: no allocation, no call. */
  isConfirmed(roster: RosterKey, now: Instant): boolean
}

export function isFenced(store: SessionStore): store is SessionStore & Fenced {
  return typeof (store as Partial<Fenced>).isConfirmed === 'function'
}

/** The strongest class that the store declares: what revocations are written with. */
export function strongestWriteClass(traits: StoreTraits): WriteClass {
  return traits.writeClasses.at(-1) ?? 'fast'
}
