/** Secrets that protect nothing are refused: too short, too regular, or printed in somebody's documentation. */

const FEWEST_BYTES = 32
const FEWEST_DISTINCT = 10
const FEWEST_BITS = 96
const KNOWN = [
  'keyboard cat',
  'change me',
  'your secret',
  'super secret',
  'my secret',
  'session secret',
  'secret key',
  'password',
  'example',
  'placeholder',
  'insert here',
  'development',
  '1234567890',
  'abcdefghij',
  'qwertyuiop',
]

/** What is wrong with a secret, or `undefined`. The message never repeats any of it. */
export function secretProblem(secret: unknown): string | undefined {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) return 'A secret is text or bytes.'
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
  const fix = 'Use the output of `openssl rand -base64 48`.'
  if (bytes.length === 0) return `The secret is empty. Is its environment variable set? ${fix}`
  if (bytes.length < FEWEST_BYTES)
    return `The secret has ${bytes.length} bytes; at least ${FEWEST_BYTES} are needed. ${fix}`
  if (new Set(bytes).size < FEWEST_DISTINCT || shannonBits(bytes) < FEWEST_BITS || isPeriodic(bytes))
    return `The secret is too regular to be random. ${fix}`
  const spoken = bytes
    .toString('utf8')
    .toLowerCase()
    .replace(/[-_.\s]+/g, ' ')
  if (KNOWN.some((known) => spoken.includes(known)))
    return `The secret contains words from examples and documentation. ${fix}`
  return undefined
}

function shannonBits(bytes: Buffer): number {
  const counts = new Map<number, number>()
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / bytes.length)
  return bits
}

/** One short piece over and over. */
function isPeriodic(bytes: Buffer): boolean {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.every((byte, index) => index < period || byte === bytes[index - period])) return true
  }
  return false
}
