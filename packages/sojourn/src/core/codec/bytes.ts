/**
 * Writing and reading the compact binary form of headers and records. The reader never throws on short or
 * absurd input: it turns `failed` and answers zeros, and the caller looks at `failed` once at the end.
 */

/** Grows as needed; `finish` hands out the written part. */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafe(expected)
  }

  u8(value: number): void {
    this.#room(1)
    this.#buffer[this.#length++] = value
  }

  u16(value: number): void {
    this.#room(2)
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  u32(value: number): void {
    this.#room(4)
    this.#length = this.#buffer.writeUInt32BE(value, this.#length)
  }

  /** Whole numbers below 2^48: every epoch millisecond until the year 10889. */
  u48(value: number): void {
    this.#room(6)
    this.#length = this.#buffer.writeUIntBE(value, this.#length, 6)
  }

  /** 7 bits a byte, lowest first. */
  varint(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  /** A difference of two instants, which clocks that disagree can make negative. */
  signed(value: number): void {
    this.varint(zigzag(value))
  }

  /** A signed difference that is often whole seconds; the lowest bit says that it is not. */
  span(value: number): void {
    const seconds = value / 1000
    const [amount, unit] = Number.isInteger(seconds) ? [seconds, 0] : [value, 1]
    this.varint(zigzag(amount) * 2 + unit)
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  /** Bytes with their number in front. */
  sized(value: Uint8Array): void {
    this.varint(value.length)
    this.bytes(value)
  }

  base64(text: string, byteLength: number): void {
    this.#room(byteLength)
    this.#length += this.#buffer.write(text, this.#length, byteLength, 'base64url')
  }

  /** UTF-8 with its length in front. */
  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.varint(length)
    this.#room(length)
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8')
  }

  /** UTF-8 of at most 255 bytes with one byte of length in front. */
  text1(value: string): void {
    const length = Buffer.byteLength(value)
    this.u8(length)
    this.#room(length)
    this.#length += this.#buffer.write(value, this.#length, length, 'utf8')
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #room(needed: number): void {
    if (this.#length + needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + needed))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

const NOTHING = Buffer.alloc(0)

/** The same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export class ByteReader {
  failed = false
  readonly #buffer: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#buffer = asBuffer(bytes)
    this.#at = start
    this.#end = end
  }

  get done(): boolean {
    return this.#at === this.#end
  }

  u8(): number {
    return this.#take(1) ? this.#buffer.readUInt8(this.#at - 1) : 0
  }

  u16(): number {
    return this.#take(2) ? this.#buffer.readUInt16BE(this.#at - 2) : 0
  }

  u32(): number {
    return this.#take(4) ? this.#buffer.readUInt32BE(this.#at - 4) : 0
  }

  u48(): number {
    return this.#take(6) ? this.#buffer.readUIntBE(this.#at - 6, 6) : 0
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    this.failed = true
    return 0
  }

  signed(): number {
    return fromZigzag(this.varint())
  }

  span(): number {
    const value = this.varint()
    return value % 2 === 0 ? fromZigzag(value / 2) * 1000 : fromZigzag((value - 1) / 2)
  }

  /** A view, not a copy: the caller that keeps it keeps the whole buffer. */
  bytes(length: number): Buffer {
    if (length === 0) return NOTHING
    return this.#take(length) ? this.#buffer.subarray(this.#at - length, this.#at) : NOTHING
  }

  base64(byteLength: number): string {
    return this.#take(byteLength) ? this.#buffer.toString('base64url', this.#at - byteLength, this.#at) : ''
  }

  text(): string {
    const length = this.varint()
    return this.#take(length) ? this.#buffer.toString('utf8', this.#at - length, this.#at) : ''
  }

  /** A view, as `bytes`. */
  sized(): Buffer {
    return this.bytes(this.varint())
  }

  rest(): Buffer {
    return this.bytes(this.#end - this.#at)
  }

  #take(length: number): boolean {
    if (this.failed || length > this.#end - this.#at) {
      this.failed = true
      return false
    }
    this.#at += length
    return true
  }
}

/** Small numbers of either sign as small ones. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function fromZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
