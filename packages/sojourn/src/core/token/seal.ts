/**
 * Sealed successors: a replaced secret's holder can open the new secret during the grace, and nobody else can,
 * not even with the whole store and the ring in hand.
 *
 *     key      HKDF-SHA-256(secret that was presented, salt = ring sealing key, info = purpose ‖ session ‖ generation)
 *     sealed   key id 1 | nonce 12 | AES-256-GCM ciphertext 33 | tag 16
 *
 * The additional data repeats purpose, session and generation, so a blob opens in its own place only.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { Environment } from '../environment.ts'
import type { SessionId } from '../ids.ts'
import { keysById, type RingKey, type SecretsRing } from './secrets.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const SECRET_BYTES = 33
const SEALED_BYTES: number = 1 + NONCE_BYTES + SECRET_BYTES + TAG_BYTES

export interface SealPlace {
  readonly session: SessionId
  /** The generation of the successor. */
  readonly generation: number
}

export function sealSuccessor(
  environment: Environment,
  ring: SecretsRing,
  seal: SealPlace & { readonly presented: string; readonly successor: string },
): Uint8Array {
  const nonce = environment.randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(ring.signing, seal.presented, seal), nonce)
  cipher.setAAD(Buffer.from(context(seal)))
  const sealed = Buffer.concat([cipher.update(Buffer.from(seal.successor, 'base64url')), cipher.final()])
  return Buffer.concat([Buffer.of(ring.signing.id), nonce, sealed, cipher.getAuthTag()])
}

/** The successor's secret, or `undefined` when the blob is not for this secret and place. */
export function openSuccessor(
  ring: SecretsRing,
  sealed: Uint8Array,
  seal: SealPlace & { readonly presented: string },
): string | undefined {
  if (sealed.length !== SEALED_BYTES) return undefined
  for (const key of keysById(ring, sealed[0] as number)) {
    const secret = openWith(key, Buffer.from(sealed), seal)
    if (secret !== undefined) return secret
  }
  return undefined
}

function openWith(
  key: RingKey,
  sealed: Buffer,
  seal: SealPlace & { readonly presented: string },
): string | undefined {
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(key, seal.presented, seal), nonce, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(context(seal)))
  decipher.setAuthTag(sealed.subarray(SEALED_BYTES - TAG_BYTES))
  try {
    return Buffer.concat([
      decipher.update(sealed.subarray(1 + NONCE_BYTES, SEALED_BYTES - TAG_BYTES)),
      decipher.final(),
    ]).toString('base64url')
  } catch {
    return undefined
  }
}

function sealingKey(key: RingKey, presented: string, place: SealPlace): Buffer {
  return Buffer.from(hkdfSync('sha256', presented, key.sealing, context(place), 32))
}

function context(place: SealPlace): string {
  return `sojourn session successor\0${place.session}\0${place.generation}`
}
