/** From an item and a change to the next item. */
import { encodeHeader } from '../../core/codec/header.ts'
import { encodeRecord } from '../../core/codec/record.ts'
import { InputError } from '../../core/errors.ts'
import { type Incarnation, NO_INCARNATION, type RosterKey, type SessionNumber } from '../../core/ids.ts'
import type { RosterChange } from '../../core/store.ts'
import type { RosterItem } from './roster-item.ts'

/** A change with everything encoded that it brings, so that it can be tried again on another item. */
export interface PreparedChange {
  readonly roster: RosterKey
  readonly change: RosterChange
  readonly header: Uint8Array | undefined
  readonly puts: ReadonlyArray<readonly [SessionNumber, Uint8Array]>
}

/** So much is left free by changes that put sessions, so that what ends some always fits. */
const RESERVE_BYTES = 8_192

/** @throws TypeError for a change that creates a roster without a header */
export function prepareChange(roster: RosterKey, change: RosterChange): PreparedChange {
  const { expect, header, put } = change
  if (expect === 'absent' && typeof header !== 'object')
    throw new TypeError('A change that creates a roster brings its header.')
  const place = { roster, incarnation: incarnationAfter(change) }
  return {
    roster,
    change,
    header: typeof header === 'object' ? encodeHeader(roster, header) : undefined,
    puts: put.map((session) => [session.number, encodeRecord(place, session)]),
  }
}

/** Of the change that creates a roster. */
export function firstItem({ change, header, puts }: PreparedChange): RosterItem {
  return { keepUntil: wholeMs(change.keepUntil), header: header as Uint8Array, records: new Map(puts) }
}

export function nextItem(item: RosterItem, { change, header, puts }: PreparedChange): RosterItem {
  const records = new Map(item.records)
  for (const { number } of change.remove) records.delete(number)
  for (const [number, record] of puts) records.set(number, record)
  return {
    keepUntil: Math.max(item.keepUntil, wholeMs(change.keepUntil)),
    header: header ?? item.header,
    records,
  }
}

/**
 * Memcached removes what it had when something too large is to take its place, so it is not sent.
 *
 * @throws InputError `DATA_TOO_LARGE`
 */
export function assertFits(
  value: Uint8Array,
  {
    change,
    largest,
    before,
  }: { readonly change: RosterChange; readonly largest: number; readonly before: number },
): void {
  const most =
    change.put.length === 0 ? largest : Math.max(largest - RESERVE_BYTES, Math.min(before, largest))
  if (value.length <= most) return
  throw new InputError(
    'DATA_TOO_LARGE',
    `All sessions of a user are one item in Memcached, which may take ${most} bytes there; this one would take ${value.length}. Nothing was stored. Keep less data in sessions, allow fewer devices, or give Memcached larger items (-I).`,
  )
}

function wholeMs(instant: number): number {
  return Math.max(0, Math.ceil(instant))
}

/** A change leaves the roster in the incarnation that it found, or brings one. */
function incarnationAfter({ expect, header }: RosterChange): Incarnation {
  if (expect !== 'absent') return expect.incarnation
  return typeof header === 'object' ? header.incarnation : NO_INCARNATION
}
