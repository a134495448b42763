/** In which of a cluster's slots a key is. @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ (CRC16, hash tags) */
import { Buffer } from 'node:buffer'

export const SLOTS = 16_384
const POLYNOMIAL = 0x1021

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0)
  return crc
})

/** What stands in the first pair of braces decides, else the whole key. */
export function slotOf(key: string): number {
  const start = key.indexOf('{')
  const end = start < 0 ? -1 : key.indexOf('}', start + 1)
  const hashed = end > start + 1 ? key.slice(start + 1, end) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) crc = (TABLE[((crc >> 8) ^ byte) & 0xff] as number) ^ (crc << 8)
  return crc & (SLOTS - 1)
}
