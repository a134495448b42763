/**
 * The frame around every stored value: a format byte in front, a CRC-32 behind. The CRC is seeded with the
 * value's own address (roster key, and number for a record), so a value that was copied to another key,
 * cut short or flipped in a bit reads as damaged and never as somebody's session.
 *
 *     byte 0        format (1)
 *     bytes 1 … 4   version of the header or record, at a fixed place so that a script can compare it
 *     …             body
 *     last 4        CRC-32
 */
import { crc32 } from 'node:zlib'
import type { Unreadable } from '../roster.ts'
import { asBuffer, ByteReader, type ByteWriter } from './bytes.ts'

export const FORMAT = 1
/** Nothing that this library writes comes near it; a larger value is not looked at. */
export const MAX_VALUE_BYTES: number = 1 << 20
const CRC_BYTES = 4
const SMALLEST = 1 + 4 + CRC_BYTES

export function seal(writer: ByteWriter, address: string): Buffer {
  const checksum = crc32(writer.finish(), crc32(address))
  writer.u32(checksum)
  return writer.finish()
}

/** A reader placed behind the format byte, or why the bytes cannot be read. */
export function open(value: Uint8Array, address: string): ByteReader | Unreadable {
  if (value.length < SMALLEST || value.length > MAX_VALUE_BYTES) return 'damaged'
  const bytes = asBuffer(value)
  const end = bytes.length - CRC_BYTES
  if (crc32(bytes.subarray(0, end), crc32(address)) !== bytes.readUInt32BE(end)) return 'damaged'
  const format = bytes[0] as number
  if (format !== FORMAT) return format > FORMAT ? 'newer' : 'damaged'
  return new ByteReader(bytes, 1, end)
}
