/**
 * IP addresses as 4 or 16 bytes and back: only those that come back letter for letter, so that whatever is written
 * another way stays the text that it is. IPv6 text is RFC 5952's; what it would write in dotted form is left as text.
 */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
const IPV6 = /^[\da-f:]{2,39}$/
const GROUPS = 8
const LONGEST_IPV4 = 15

/** `undefined`: not an address, or not written the usual way. */
export function addressBytes(text: string): Uint8Array | undefined {
  const bytes = text.length <= LONGEST_IPV4 && IPV4.test(text) ? ipv4Bytes(text) : ipv6Bytes(text)
  return bytes !== undefined && addressText(bytes) === text ? bytes : undefined
}

/** Of 4 or 16 bytes. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const groups: string[] = []
  for (let at = 0; at < 2 * GROUPS; at += 2)
    groups.push((((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16))
  const { from, length } = longestRunOfZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`
}

function ipv4Bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number)
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  if (!IPV6.test(text)) return undefined
  const [head = [], tail = [], ...more] = text.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const missing = GROUPS - head.length - tail.length
  if (more.length > 0 || missing < 0) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  const numbers = groups.map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(numbers.flatMap((number) => [number >> 8, number & 0xff]))
}

/** The first of the longest. */
function longestRunOfZeros(groups: readonly string[]): { readonly from: number; readonly length: number } {
  let from = 0
  let longest = 0
  let length = 0
  for (let at = 0; at < groups.length; at++) {
    length = groups[at] === '0' ? length + 1 : 0
    if (length <= longest) continue
    longest = length
    from = at - length + 1
  }
  return { from, length: longest }
}
