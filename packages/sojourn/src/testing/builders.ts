/** Headers, records and changes with sensible defaults, for tests that care about one field of them. */
import type { CommitId, Incarnation, RosterKey, SessionNumber } from '../core/ids.ts'
import type { RosterHeader, StoredSession } from '../core/roster.ts'
import type { RosterChange, RosterExpectation } from '../core/store.ts'
import { FAKE_START } from './fake-environment.ts'

const HOUR = 3_600_000

/** A roster key that holds `index`; the same index, the same key. */
export function makeRosterKey(index: number): RosterKey {
  return encoded(index, 12) as RosterKey
}

export function makeNumber(index: number): SessionNumber {
  return encoded(index, 6) as SessionNumber
}

export function makeIncarnation(index: number): Incarnation {
  return encoded(index, 6) as Incarnation
}

export function makeCommitId(index: number): CommitId {
  return encoded(index, 6) as CommitId
}

/** A live header of subject `ada`, version 1, epoch 0. */
export function makeHeader(fields: Partial<RosterHeader> = {}): RosterHeader {
  return {
    state: 'live',
    incarnation: makeIncarnation(1),
    term: 1,
    version: 1,
    epoch: 0,
    globalEpoch: 0,
    realm: '',
    subject: 'ada',
    attributes: undefined,
    lastCommit: makeCommitId(1),
    ...fields,
  }
}

/** Session number 1: version 1, epoch 0, signed in at the start of the fake clock, idle 1 h, absolute 24 h. */
export function makeRecord(fields: Partial<StoredSession> = {}): StoredSession {
  return {
    number: makeNumber(1),
    version: 1,
    epoch: 0,
    privilege: 0,
    generation: 0,
    secretHash: encoded(1, 32),
    secretAt: FAKE_START,
    createdAt: FAKE_START,
    authenticatedAt: FAKE_START,
    seenAt: FAKE_START,
    idleDeadline: FAKE_START + HOUR,
    absoluteDeadline: FAKE_START + 24 * HOUR,
    lifetime: 'session',
    aal: 1,
    acr: '',
    amr: ['pwd'],
    device: { label: 'Firefox on Linux', address: '192.0.2.7', userAgentHash: encoded(7, 8) },
    grace: undefined,
    claim: undefined,
    lastCommit: makeCommitId(1),
    data: Buffer.from('{"cart":["book"]}'),
    ...fields,
  }
}

/** Expects `'absent'`, puts and removes nothing, keeps the key until 2100, class `fast`. */
export function makeChange(fields: Partial<RosterChange> = {}): RosterChange {
  return {
    id: makeCommitId(1),
    expect: 'absent',
    put: [],
    remove: [],
    keepUntil: 4_102_444_800_000,
    writeClass: 'fast',
    ...fields,
  }
}

/** Expects exactly this header, and these records at their versions. */
export function expecting(header: RosterHeader, records: readonly StoredSession[] = []): RosterExpectation {
  return {
    incarnation: header.incarnation,
    epoch: header.epoch,
    rosterVersion: header.version,
    records: records.map(({ number, version }) => ({ number, version })),
  }
}

/** Base64url of `length` bytes that end in `index`: whole 3-byte groups have one spelling. */
function encoded(index: number, length: number): string {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(index, length - 6, 6)
  return bytes.toString('base64url')
}
