/**
 * The deployment record: one versioned document per store that says which deployment the store belongs to.
 *
 *     deployment   { "format": 1, "name": …, "id": …, "namingKey": <wrapped>, "namingKeyPrint": …, "globalEpoch": …, "tags"?: … }
 *
 * The naming key turns subjects into roster keys. It is generated once and never rotated (every key would
 * change); it is kept wrapped under the configured secrets, and rewrapped when another secret comes first.
 * A record of another deployment, or one that these secrets do not open, refuses the start. So does another number
 * of tags: every roster would be looked for in a place where it is not. A store without tags says nothing about them.
 *
 * The global epoch ends everything there is. Each process learns of a new one within `staleAfterMs`: a check
 * looks at the age of what this process knows, and an old answer is renewed before anything is accepted.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { ROSTER_KEY_LENGTH, type RosterKey } from '../ids.ts'
import { preparedTextMac, type TextMac } from '../token/mac.ts'
import { equalText } from '../token/token.ts'
import type { RingKey, SecretsRing } from '../token/secrets.ts'
import type { VersionedDocuments } from '../store.ts'

const DOCUMENT = 'deployment'
const FORMAT = 1
const MOST_TRIES = 20

export interface Deployment {
  /** Random, made with the store's first use. Tokens are bound to it. */
  readonly id: string
  readonly namingKey: KeyObject
  /** The MAC under that key. */
  readonly naming: TextMac
  readonly globalEpoch: number
}

interface DeploymentDocument {
  readonly format: number
  readonly name: string
  readonly id: string
  readonly namingKey: string
  readonly namingKeyPrint: string
  readonly globalEpoch: number
  /** Into how many places the store lays its rosters; absent where it never said. */
  readonly tags?: number | undefined
}

export interface DeploymentParts {
  readonly documents: VersionedDocuments
  readonly environment: Environment
  readonly ring: SecretsRing
  readonly name: string
  /** `StoreTraits.tags`. */
  readonly tags?: number | undefined
}

/** Reads the record, or creates it on the first start. @throws SystemError `DEPLOYMENT_MISMATCH`, `STORE_NEWER` */
export async function openDeployment(parts: DeploymentParts): Promise<Deployment> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = await parts.documents.get(DOCUMENT)
    if (found === undefined) {
      const fresh = newDocument(parts)
      await parts.documents.put(DOCUMENT, 'absent', JSON.stringify(fresh))
      continue
    }
    const document = parseDocument(found.value, parts)
    const { namingKey, key } = unwrap(document, parts.ring)
    if (key === parts.ring.signing) return deploymentOf(document, namingKey)
    const rewrapped = { ...document, namingKey: wrap(parts, parts.ring.signing, document.id, namingKey) }
    await parts.documents.put(DOCUMENT, found.version, JSON.stringify(rewrapped))
  }
  throw contention()
}

/** The global epoch as the store has it now. */
export async function readGlobalEpoch(parts: DeploymentParts, expected: Deployment): Promise<number> {
  const found = await parts.documents.get(DOCUMENT)
  const document = found === undefined ? undefined : parseDocument(found.value, parts)
  if (document?.id === expected.id) return document.globalEpoch
  throw replaced()
}

/** The epoch that ends everything there is: max(stored + 1, now), so that it grows whatever a clock or an old backup says. */
export async function nextGlobalEpoch(parts: DeploymentParts, expected: Deployment): Promise<number> {
  return Math.max((await readGlobalEpoch(parts, expected)) + 1, parts.environment.now())
}

/**
 * Raises the stored epoch to `target` at least; answers what is stored then. It is written even where it is that high: the
 * write before may have come no further than the store it went to.
 */
export async function raiseGlobalEpoch(parts: DeploymentParts, target: number): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const found = await parts.documents.get(DOCUMENT)
    if (found === undefined) throw replaced()
    const document = parseDocument(found.value, parts)
    const globalEpoch = Math.max(document.globalEpoch, target)
    const raised = JSON.stringify({ ...document, globalEpoch })
    if ((await parts.documents.put(DOCUMENT, found.version, raised)) === 'committed') return globalEpoch
  }
  throw contention()
}

/** The roster of a subject: HMAC-SHA-256 over length-prefixed realm and subject, cut to 12 bytes. */
export function rosterKeyOf(deployment: Deployment, realm: string, subject: string): RosterKey {
  const text = `${Buffer.byteLength(realm)}:${realm}${Buffer.byteLength(subject)}:${subject}`
  return deployment.naming(text).slice(0, ROSTER_KEY_LENGTH) as RosterKey
}

function newDocument(parts: DeploymentParts): DeploymentDocument {
  const id = parts.environment.randomBytes(9).toString('base64url')
  const namingKey = parts.environment.randomBytes(32)
  return {
    format: FORMAT,
    name: parts.name,
    id,
    namingKey: wrap(parts, parts.ring.signing, id, namingKey),
    namingKeyPrint: fingerprint(namingKey),
    globalEpoch: parts.environment.now(),
    tags: parts.tags,
  }
}

function parseDocument(value: string, { name, tags }: DeploymentParts): DeploymentDocument {
  const document = parseJson(value)
  if (document === undefined) {
    throw new SystemError(
      'DEPLOYMENT_MISMATCH',
      'The deployment record in this store cannot be read. Restore the store, or start with an empty one.',
    )
  }
  if (document.format > FORMAT) {
    throw new SystemError(
      'STORE_NEWER',
      'The deployment record was written by a later version of Sojourn. Update this process.',
    )
  }
  if (document.name !== name) {
    throw new SystemError(
      'DEPLOYMENT_MISMATCH',
      `The store belongs to the deployment "${document.name}", and this process is configured for "${name}". Give each deployment a store of its own, or correct \`deployment\`.`,
    )
  }
  if (document.tags === undefined || tags === undefined || document.tags === tags) return document
  throw new SystemError(
    'DEPLOYMENT_MISMATCH',
    `The sessions in this store lie under ${document.tags} tags, and this process is configured for ${tags}. The number can never change: configure \`tags: ${document.tags}\`, or start with an empty store.`,
  )
}

function parseJson(value: string): DeploymentDocument | undefined {
  try {
    const document = JSON.parse(value) as Partial<DeploymentDocument> | null
    const texts = [document?.name, document?.id, document?.namingKey, document?.namingKeyPrint]
    const tags = document?.tags === undefined ? 0 : document.tags
    const numbers = [document?.format, document?.globalEpoch, tags]
    const whole =
      texts.every((text) => typeof text === 'string') &&
      numbers.every((number) => Number.isSafeInteger(number))
    return whole ? (document as DeploymentDocument) : undefined
  } catch {
    return undefined
  }
}

function deploymentOf(document: DeploymentDocument, namingKey: Buffer): Deployment {
  const { id, globalEpoch } = document
  const key = createSecretKey(namingKey)
  return { id, namingKey: key, naming: preparedTextMac(key), globalEpoch }
}

function wrap(parts: DeploymentParts, key: RingKey, id: string, namingKey: Buffer): string {
  const nonce = parts.environment.randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.wrapping, nonce)
  cipher.setAAD(Buffer.from(`naming key of ${id}`))
  const wrapped = Buffer.concat([cipher.update(namingKey), cipher.final()])
  return Buffer.concat([nonce, wrapped, cipher.getAuthTag()]).toString('base64url')
}

function unwrap(document: DeploymentDocument, ring: SecretsRing): { namingKey: Buffer; key: RingKey } {
  for (const key of ring.keys) {
    const namingKey = unwrapWith(key, document)
    if (namingKey !== undefined && equalText(fingerprint(namingKey), document.namingKeyPrint))
      return { namingKey, key }
  }
  throw new SystemError(
    'DEPLOYMENT_MISMATCH',
    'None of the configured secrets opens this deployment. Add the secret it was started with to `secrets`; it may stand behind a newer one.',
  )
}

function unwrapWith(key: RingKey, document: DeploymentDocument): Buffer | undefined {
  const bytes = Buffer.from(document.namingKey, 'base64url')
  if (bytes.length !== 12 + 32 + 16) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key.wrapping, bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(`naming key of ${document.id}`))
  decipher.setAuthTag(bytes.subarray(44))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, 44)), decipher.final()])
  } catch {
    return undefined
  }
}

function fingerprint(namingKey: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from('sojourn naming key\0'), namingKey]), 'base64url')
}

function replaced(): SystemError {
  return new SystemError(
    'DEPLOYMENT_MISMATCH',
    'The store was emptied, or replaced by that of another deployment, while this process was running. Restart it.',
  )
}

function contention(): SystemError {
  return new SystemError('CONTENTION', 'Other processes kept changing the deployment record. Try again.', {
    retryable: true,
  })
}
