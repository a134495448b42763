/**
 * Random bytes, drawn from the operating system in large helpings: one call for 8 KiB costs about as much
 * as one call for 8 bytes, so a pooled draw is some 20 times cheaper.
 *
 * Invariants: no byte is handed out twice, the pool holds no byte that was handed out, and a generator
 * that fails or answers only zeros never yields a byte.
 */
import { SystemError } from '../core/errors.ts'

const POOL_BYTES = 8192
/** A larger draw goes past the pool: it would only empty it for the small ones. */
const LARGEST_POOLED = 512

/**
 * A drawing function over `fill`, which fills the whole of its argument with random bytes or throws.
 * Every draw is a copy that the caller owns. Nothing is drawn before the first call.
 *
 * @throws SystemError `RANDOMNESS_FAILED` from the drawing function
 */
export function randomPool(fill: (target: Buffer) => void): (count: number) => Buffer {
  const pool = Buffer.alloc(POOL_BYTES)
  let next = POOL_BYTES

  return (count) => {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError('A number of bytes is a whole number from 0 up.')
    if (count > LARGEST_POOLED) return filled(Buffer.alloc(count), fill)
    if (count > POOL_BYTES - next) {
      next = POOL_BYTES // Stays so when the generator fails: a half-filled pool is never used.
      filled(pool, fill)
      next = 0
    }
    const drawn = Buffer.from(pool.subarray(next, next + count))
    pool.fill(0, next, next + count)
    next += count
    return drawn
  }
}

function filled(target: Buffer, fill: (target: Buffer) => void): Buffer {
  try {
    fill(target)
  } catch (cause) {
    throw new SystemError(
      'RANDOMNESS_FAILED',
      'The operating system gave no random bytes; no session can be started.',
      {
        cause,
      },
    )
  }
  if (isAllZero(target)) {
    throw new SystemError(
      'RANDOMNESS_FAILED',
      'The random generator answered only zeros; no session can be started.',
    )
  }
  return target
}

function isAllZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
