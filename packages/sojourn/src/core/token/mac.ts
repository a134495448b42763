/**
 * HMAC-SHA-256 (RFC 2104) for the hot path. Two one-shot hashes over buffers that were laid out once take 0.7 µs where
 * `createHmac` takes 2.3, and give the same bytes (tested).
 */
import { hash, type KeyObject } from 'node:crypto'

/** The MAC, over a fixed label and the text, as 32 latin1 characters. The text is ASCII of the length that was announced. */
export type Mac = (text: string) => string

const BLOCK_BYTES = 64
const HASH_BYTES = 32
const INNER = 0x36
const OUTER = 0x5c

/** What a MAC is for, and for whom: no list of texts reads as another. */
export function macLabel(texts: readonly string[]): string {
  return texts.map((text) => `${Buffer.byteLength(text)}:${text}`).join('')
}

/** @param key at most 64 bytes */
export function preparedMac(key: KeyObject, label: string, textLength: number): Mac {
  const prefix = Buffer.from(label)
  const textAt = BLOCK_BYTES + prefix.length
  const inner = Buffer.concat([padded(key, INNER), prefix, Buffer.alloc(textLength)])
  const outer = Buffer.concat([padded(key, OUTER), Buffer.alloc(HASH_BYTES)])
  return (text) => {
    inner.write(text, textAt, 'latin1')
    outer.write(hash('sha256', inner, 'binary'), BLOCK_BYTES, 'latin1')
    return hash('sha256', outer, 'binary')
  }
}

/** The MAC as base64url of a text of any length, in UTF-8. */
export type TextMac = (text: string) => string

const USUAL_TEXT_BYTES = 256

/** @param key at most 64 bytes */
export function preparedTextMac(key: KeyObject): TextMac {
  let inner = Buffer.concat([padded(key, INNER), Buffer.alloc(USUAL_TEXT_BYTES)])
  const outer = Buffer.concat([padded(key, OUTER), Buffer.alloc(HASH_BYTES)])
  return (text) => {
    const end = BLOCK_BYTES + Buffer.byteLength(text)
    if (end > inner.length) inner = Buffer.concat([inner, Buffer.alloc(end - inner.length)])
    inner.write(text, BLOCK_BYTES, 'utf8')
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1')
    return hash('sha256', outer, 'base64url')
  }
}

function padded(key: KeyObject, pad: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  key.export().copy(block)
  return block.map((byte) => byte ^ pad) as Buffer
}
