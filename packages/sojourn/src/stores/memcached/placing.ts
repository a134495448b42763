/**
 * Which server has what: the one with the highest weight for the key (rendezvous hashing). It depends on the names of all
 * servers and on nothing else, least of all on which of them answer: if what a dead server has were looked for on another
 * one, it would be absent there, and back when the server comes back. It can never change for a deployment.
 */
import { crc32 } from 'node:zlib'

export type Placing = (key: string) => number

/** From a key to the index of its server. **Cost**: 0.3 µs and some nanoseconds for each server. */
export function createPlacing(names: readonly string[]): Placing {
  const seeds = names.map((name) => mixed(crc32(name)))
  // Of equal weights the first name wins, in whatever order the names were given.
  const order = names.map((_, index) => index).toSorted((a, b) => (names[a]! < names[b]! ? -1 : 1))
  return (key) => {
    const hash = crc32(key)
    let best = order[0] as number
    let highest = -1
    for (const index of order) {
      const weight = mixed(hash ^ (seeds[index] as number))
      if (weight <= highest) continue
      highest = weight
      best = index
    }
    return best
  }
}

/** The last step of MurmurHash3: a CRC alone is linear, and places its keys unevenly. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
