/**
 * How many different sessions were seen in the last minutes, in constant memory: a HyperLogLog over session numbers,
 * which are random and so need no hash. One set of registers for each minute; what is older is forgotten as a whole.
 *
 * @see https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf
 */
import type { Environment } from '../environment.ts'
import type { SessionNumber } from '../ids.ts'

export interface DistinctSessions {
  /** **Cost**: one look at the clock and seven characters. */
  add(number: SessionNumber): void
  /** Estimated; the standard error is 1.6 %. **Cost**: some 25,000 comparisons. */
  estimate(): number
}

/** Two characters choose one. */
const REGISTERS = 4096
const CORRECTION = 0.7213 / (1 + 1.079 / REGISTERS)
const MINUTE_MS = 60_000
/** Five whole ones and the one that has begun. */
const MINUTES = 6

/** 2^-rank; a rank is 31 at most. */
const SHARE = Float64Array.from({ length: 32 }, (_, rank) => 2 ** -rank)

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUE = new Uint8Array(128)
for (let value = 0; value < ALPHABET.length; value++) VALUE[ALPHABET.charCodeAt(value)] = value

export function distinctSessions(environment: Pick<Environment, 'monotonic'>): DistinctSessions {
  const minutes = Array.from({ length: MINUTES }, () => new Uint8Array(REGISTERS))
  let present = minuteNow()

  function minuteNow(): number {
    return Math.floor(environment.monotonic() / MINUTE_MS)
  }

  function registersNow(): Uint8Array {
    const now = minuteNow()
    const passed = Math.min(now - present, MINUTES)
    for (let back = 0; back < passed; back++) at(now - back).fill(0)
    present = now
    return at(now)
  }

  function at(minute: number): Uint8Array {
    return minutes[minute % MINUTES] as Uint8Array
  }

  /** What one set of registers would hold that had seen all that the minutes have. */
  function union(): Uint8Array {
    const all = new Uint8Array(REGISTERS)
    for (const registers of minutes) {
      for (let register = 0; register < REGISTERS; register++) {
        const rank = registers[register] as number
        if (rank > (all[register] as number)) all[register] = rank
      }
    }
    return all
  }

  return {
    add(number) {
      const registers = registersNow()
      const register = bits(number, 0, 2)
      const rank = Math.clz32(bits(number, 2, 7)) - 1
      if (rank > (registers[register] as number)) registers[register] = rank
    },
    estimate() {
      registersNow()
      return Math.round(fromRegisters(union()))
    },
  }
}

/** While many registers are empty, how many are says more than what is in the others. */
function fromRegisters(registers: Uint8Array): number {
  let sum = 0
  let empty = 0
  for (const rank of registers) {
    sum += SHARE[rank] as number
    if (rank === 0) empty++
  }
  const estimate = (CORRECTION * REGISTERS ** 2) / sum
  return estimate <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : estimate
}

/** Six of each character; of five at most, which fit into 30. */
function bits(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) value = (value << 6) | (VALUE[text.charCodeAt(at) & 127] as number)
  return value
}
