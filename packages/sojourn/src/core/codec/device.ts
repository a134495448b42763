/**
 * The device of a record. An address takes 4 or 16 bytes and the hash of a User-Agent 9, where they are written the
 * usual way; anything else is kept as text.
 *
 *     shape (1 byte)   how the three are written
 *     label            length (varint), then UTF-8 or packed (`packed-text.ts`)
 *     address          4 bytes; 16 bytes; or length (varint) and UTF-8
 *     hash             9 bytes; or length (varint) and UTF-8
 */
import type { StoredDevice } from '../roster.ts'
import { addressBytes, addressText } from './address.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import { packText, unpackText } from './packed-text.ts'

const IPV4 = 1
const IPV6 = 2
const HASHED = 4
const PACKED_LABEL = 8
const HASH_BYTES = 9
const HASH = /^[\w-]{12}$/
const IPV4_BYTES = 4
const IPV6_BYTES = 16

export function writeDevice(writer: ByteWriter, { label, address, userAgentHash }: StoredDevice): void {
  const packed = packText(label)
  const bytes = addressBytes(address)
  const isHash = HASH.test(userAgentHash)
  writer.u8(kindOf(bytes) | (isHash ? HASHED : 0) | (packed === undefined ? 0 : PACKED_LABEL))
  if (packed === undefined) writer.text(label)
  else writer.sized(packed)
  if (bytes === undefined) writer.text(address)
  else writer.bytes(bytes)
  if (isHash) writer.base64(userAgentHash, HASH_BYTES)
  else writer.text(userAgentHash)
}

export function readDevice(reader: ByteReader): StoredDevice {
  const shape = reader.u8()
  const label = shape & PACKED_LABEL ? unpackText(reader.sized()) : reader.text()
  const address = readAddress(reader, shape)
  return { label, address, userAgentHash: shape & HASHED ? reader.base64(HASH_BYTES) : reader.text() }
}

function kindOf(address: Uint8Array | undefined): number {
  if (address === undefined) return 0
  return address.length === IPV4_BYTES ? IPV4 : IPV6
}

function readAddress(reader: ByteReader, shape: number): string {
  if (shape & IPV4) return addressText(reader.bytes(IPV4_BYTES))
  return shape & IPV6 ? addressText(reader.bytes(IPV6_BYTES)) : reader.text()
}
