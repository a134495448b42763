/**
 * A `RosterChange` as the arguments of `commit.lua`. What the script compares stands at fixed places in headers and
 * records (`core/codec`), so it compares bytes and decodes nothing.
 */
import { MAX_VALUE_BYTES } from '../../core/codec/frame.ts'
import { encodeHeader } from '../../core/codec/header.ts'
import { encodeRecord } from '../../core/codec/record.ts'
import { InputError } from '../../core/errors.ts'
import {
  type CommitId,
  type Incarnation,
  NO_INCARNATION,
  type RosterKey,
  type SessionNumber,
} from '../../core/ids.ts'
import type { RecordExpectation, RosterChange, RosterExpectation } from '../../core/store.ts'
import type { CommandArgument } from './port.ts'
import { HEADER } from './reading.ts'

/** Clocks of nodes differ, and a key that goes too early is a logout. */
const SLACK_MS = 3_600_000
const INCARNATION_BYTES = 6
const U32_BYTES = 4
const U16_BYTES = 2
const ABSENT = '-'
const REPLACEABLE = '*'

/** A change with everything encoded that it brings. */
export interface PreparedChange {
  readonly roster: RosterKey
  readonly change: RosterChange
  /** In order: which records the script looks at, and what each must be. */
  readonly numbers: readonly SessionNumber[]
  readonly expectations: readonly CommandArgument[]
  /** Fields to put, each with its value behind it. */
  readonly puts: readonly CommandArgument[]
  readonly lifeMs: number
  /** Comes back with the answer. */
  readonly receipt: number
}

/** Whom to tell. */
export interface Publishing {
  readonly command: 'PUBLISH' | 'SPUBLISH' | ''
  readonly channel: string
}

/** Values that do not decode, by field. */
export type Damaged = ReadonlyMap<string, Buffer>

export const NONE_DAMAGED: Damaged = new Map()

/**
 * How long the key is kept is told as a length of time, so that the server's clock need not agree with ours.
 *
 * @throws InputError `DATA_TOO_LARGE` for a value that no reader would look at
 * @throws TypeError for a change that creates a roster without a header, and one whose life is no number of milliseconds:
 *   a script that fails has done what came before
 */
export function prepareChange(roster: RosterKey, change: RosterChange, now: number): PreparedChange {
  if (change.expect === 'absent' && typeof change.header !== 'object') {
    throw new TypeError('A change that creates a roster brings its header.')
  }
  const lifeMs = Math.max(0, Math.ceil(change.keepUntil - now)) + SLACK_MS
  if (!Number.isSafeInteger(lifeMs)) throw new TypeError('`keepUntil` of a change is epoch milliseconds.')
  const expected = expectationsOf(change)
  return {
    roster,
    change,
    numbers: [...expected.keys()],
    expectations: [...expected.values()],
    puts: putsOf(roster, change),
    lifeMs,
    receipt: receiptOf(change.id),
  }
}

/** The `ARGV` of `commit.lua`. */
export function argumentsOf(
  { change, numbers, expectations, puts, lifeMs, receipt }: PreparedChange,
  { command, channel }: Publishing,
  damaged: Damaged = NONE_DAMAGED,
): CommandArgument[] {
  const { expect, header, remove } = change
  return [
    expect === 'absent' ? '' : headerExpectation(expect),
    header === 'drop' ? 'drop' : '',
    String(lifeMs),
    command,
    channel,
    String(numbers.length),
    String(remove.length),
    String(damaged.size),
    String(receipt),
    ...numbers,
    ...expectations,
    ...remove.map(({ number }) => number),
    ...[...damaged].flat(),
    ...puts,
  ]
}

/**
 * Whether it must be possible when memory is full: it ends something, or notes or confirms that something has ended, and
 * makes the key no larger, but for what a header says. One without records notes a revocation for a subject who has none.
 */
export function mustLand({ expect, header, put, remove }: RosterChange): boolean {
  if (put.length === 0) return true
  if (expect === 'absent') return false
  const admits = put.some(
    ({ number }) => !expect.records.some((known) => known.number === number && known.version !== 'absent'),
  )
  const raisesEpoch = typeof header === 'object' && header.epoch > expect.epoch
  return !admits && (remove.length > 0 || raisesEpoch)
}

/** A change that removes the roster rewrites nothing: whoever may end a subject's sessions may end newer ones too. */
function expectationsOf(change: RosterChange): ReadonlyMap<SessionNumber, CommandArgument> {
  const expected = new Map<SessionNumber, CommandArgument>()
  if (change.expect === 'absent') return expected
  if (change.header !== 'drop') {
    for (const { number } of change.put) expected.set(number, REPLACEABLE)
    for (const { number } of change.remove) expected.set(number, REPLACEABLE)
  }
  for (const record of change.expect.records) expected.set(record.number, recordExpectation(record))
  return expected
}

function recordExpectation({ version, privilege }: RecordExpectation): CommandArgument {
  if (version === 'absent') return ABSENT
  const bytes = Buffer.allocUnsafe(privilege === undefined ? U32_BYTES : U32_BYTES + U16_BYTES)
  bytes.writeUInt32BE(version)
  if (privilege !== undefined) bytes.writeUInt16BE(privilege, U32_BYTES)
  return bytes
}

function headerExpectation({ incarnation, epoch, rosterVersion }: RosterExpectation): Buffer {
  const length = INCARNATION_BYTES + U32_BYTES
  const bytes = Buffer.allocUnsafe(rosterVersion === undefined ? length : length + U32_BYTES)
  bytes.write(incarnation, 'base64url')
  bytes.writeUInt32BE(epoch, INCARNATION_BYTES)
  if (rosterVersion !== undefined) bytes.writeUInt32BE(rosterVersion, length)
  return bytes
}

function putsOf(roster: RosterKey, change: RosterChange): CommandArgument[] {
  const puts: CommandArgument[] = []
  if (change.header === 'drop') return puts
  if (change.header !== undefined) puts.push(HEADER, bounded(encodeHeader(roster, change.header)))
  const place = { roster, incarnation: incarnationAfter(change) }
  for (const session of change.put) puts.push(session.number, bounded(encodeRecord(place, session)))
  return puts
}

/** A change leaves the roster in the incarnation that it found, or brings one. */
function incarnationAfter({ expect, header }: RosterChange): Incarnation {
  if (expect !== 'absent') return expect.incarnation
  return typeof header === 'object' ? header.incarnation : NO_INCARNATION
}

function bounded(value: Buffer): Buffer {
  if (value.length <= MAX_VALUE_BYTES) return value
  throw new InputError(
    'DATA_TOO_LARGE',
    `An encoded session or header may take ${MAX_VALUE_BYTES} bytes; this one takes ${value.length}. Nothing was stored.`,
  )
}

/** 48 bits: with two more for the answer, still a whole number for Lua and for JavaScript. */
function receiptOf(id: CommitId): number {
  return Buffer.from(id, 'base64url').readUIntBE(0, 6)
}
