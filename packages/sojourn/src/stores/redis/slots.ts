/**
 * Hash slots, and names that fall into them evenly.
 *
 * A cluster puts a key into one of 16,384 slots by the CRC-16 of what stands in its braces, and gives each primary a
 * range of them. So that rosters spread evenly over however many primaries there are, tag number i of n has a name in
 * the first slots behind i × 16,384 / n. The names are what they are for ever: they stand in the keys.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ "Key distribution model"
 */
export const SLOTS = 16_384
export const MOST_TAGS = 4_096

const SLOTS_PER_NAME: number = SLOTS / MOST_TAGS
/** CRC-16/XMODEM, by the byte that leaves it. */
const STEPS: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
  return crc
})
/** Every one of the 4,096 places has a name of at most three digits. */
const DIGITS = 36

/** The slot of a key: what stands in the first pair of braces decides, unless that is nothing; else all of it. */
export function slotOfKey(key: string): number {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  return slotOf(open < 0 || close <= open + 1 ? key : key.slice(open + 1, close))
}

/** The slot of a key without braces, or of what stands in them. */
export function slotOf(text: string): number {
  return slotOfAscii(Buffer.from(text).toString('latin1'))
}

/** The same, of what has one byte for each character. */
function slotOfAscii(text: string): number {
  let crc = 0
  for (let at = 0; at < text.length; at++)
    crc = (STEPS[(crc >> 8) ^ text.charCodeAt(at)] as number) ^ ((crc << 8) & 0xffff)
  return crc % SLOTS
}

/**
 * `count` names, a power of two up to 4,096, ordered by slot. The first is the same for every count.
 * **Cost**: some 5 ms of CPU the first time, 1 ms afterwards; done once for a store.
 */
export function tagNames(count: number): readonly string[] {
  const names: (string | undefined)[] = Array.from({ length: count })
  const distance = SLOTS / count
  for (let number = 0, missing = count; missing > 0; number++) {
    const name = number.toString(DIGITS)
    const slot = slotOfAscii(name)
    const index = Math.floor(slot / distance)
    if (slot % distance >= SLOTS_PER_NAME || names[index] !== undefined) continue
    names[index] = name
    missing--
  }
  return names as string[]
}
