/**
 * The secrets ring: the configured secrets and what is derived from each. The first one signs, all verify,
 * so a secret is replaced without a logout: add the new one behind the old one everywhere, then put it in
 * front, then drop the old one after the longest idle time.
 *
 * Keys are derived with HKDF-SHA-256 under labels that name their purpose, so no key serves two.
 */
import { createSecretKey, hash, hkdfSync, type KeyObject } from 'node:crypto'

export interface RingKey {
  /** First byte of the key's fingerprint. Two keys may share it: then both are tried. */
  readonly id: number
  readonly mac: KeyObject
  /** Signs the tokens of forms. */
  readonly form: KeyObject
  /** Salt of the keys that seal successors (`seal.ts`). */
  readonly sealing: Buffer
  /** Wraps what the deployment record keeps. */
  readonly wrapping: KeyObject
}

export interface SecretsRing {
  readonly signing: RingKey
  /** All keys in configured order, the signing key first. */
  readonly keys: readonly RingKey[]
  readonly byId: ReadonlyMap<number, readonly RingKey[]>
}

export function secretsRing(secrets: readonly (string | Uint8Array)[]): SecretsRing {
  const keys = secrets.map(ringKey)
  const signing = keys[0]
  if (signing === undefined) throw new TypeError('A ring has at least one secret.')
  return { signing, keys, byId: Map.groupBy(keys, ({ id }) => id) }
}

const NO_KEYS: readonly RingKey[] = []

export function keysById(ring: SecretsRing, id: number): readonly RingKey[] {
  return ring.byId.get(id) ?? NO_KEYS
}

function ringKey(secret: string | Uint8Array): RingKey {
  const material = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
  const fingerprint = hash(
    'sha256',
    Buffer.concat([Buffer.from('sojourn key id\0'), derive(material, 'key id')]),
    'hex',
  )
  return {
    id: Number.parseInt(fingerprint.slice(0, 2), 16),
    mac: createSecretKey(derive(material, 'token mac')),
    form: createSecretKey(derive(material, 'form mac')),
    sealing: derive(material, 'successor seal'),
    wrapping: createSecretKey(derive(material, 'deployment wrap')),
  }
}

function derive(material: Buffer, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', material, 'sojourn/1', label, 32))
}
