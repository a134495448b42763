/**
 * A whole roster as one item: a directory, then the header and the records, as `core/codec` writes them.
 *
 *     bytes 0 … 3   length of the directory
 *     directory     framed (`frame.ts`): format, number of records, keepUntil (6 bytes), length of the header,
 *                   then for each record its number (6 bytes) and its length
 *     header, records
 *
 * Each part has a checksum that is seeded with where it belongs: the directory with the roster's key and its own purpose,
 * the header with the key, a record with session id and incarnation. So a flipped bit costs one record, and an item that
 * was copied, cut short or put together from two reads as damaged. Records that a change does not touch are passed on as
 * they are.
 */
import { asBuffer, ByteWriter } from '../../core/codec/bytes.ts'
import { FORMAT, open, seal } from '../../core/codec/frame.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import { MAX_RECORDS, type Unreadable } from '../../core/roster.ts'

export interface RosterItem {
  readonly keepUntil: number
  /** Encoded. */
  readonly header: Uint8Array
  /** Encoded, by number. */
  readonly records: ReadonlyMap<SessionNumber, Uint8Array>
}

const LENGTH_BYTES = 4
const NUMBER_BYTES = 6

export function encodeItem(roster: RosterKey, { keepUntil, header, records }: RosterItem): Buffer {
  const directory = new ByteWriter(32 + 9 * records.size)
  directory.u8(FORMAT)
  directory.u32(records.size)
  directory.u48(keepUntil)
  directory.varint(header.length)
  for (const [number, record] of records) {
    directory.base64(number, NUMBER_BYTES)
    directory.varint(record.length)
  }
  const sealed = seal(directory, addressOf(roster))
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeUInt32BE(sealed.length)
  return Buffer.concat([length, sealed, header, ...records.values()])
}

/** The parts are views of the bytes. One with more than `MAX_RECORDS` was not written by this library. */
export function decodeItem(roster: RosterKey, item: Uint8Array): RosterItem | Unreadable {
  const bytes = asBuffer(item)
  const start = bytes.length < LENGTH_BYTES ? bytes.length : LENGTH_BYTES + bytes.readUInt32BE(0)
  const directory = open(bytes.subarray(LENGTH_BYTES, start), addressOf(roster))
  if (typeof directory === 'string') return directory
  const count = directory.u32()
  if (count > MAX_RECORDS) return 'damaged'
  const keepUntil = directory.u48()
  let at = start
  const next = (): Buffer => bytes.subarray(at, (at += directory.varint()))
  const header = next()
  const records = new Map<SessionNumber, Uint8Array>()
  for (let left = count; left > 0 && !directory.failed; left--)
    records.set(directory.base64(NUMBER_BYTES) as SessionNumber, next())
  const isWhole = !directory.failed && directory.done && at === bytes.length && records.size === count
  return isWhole ? { keepUntil, header, records } : 'damaged'
}

function addressOf(roster: RosterKey): string {
  return `roster ${roster}`
}
