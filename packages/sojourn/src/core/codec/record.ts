/**
 * Session records as bytes. Layout: `frame.ts`, then the fields in the order of `encodeRecord`. Instants
 * other than `createdAt` are differences in variable length, because they are almost always small; those that come from
 * options are whole seconds nearly always.
 * The number is not written: it is where the record was found, and the CRC is seeded with it and with the roster's
 * incarnation, so a record that outlived its roster reads as damaged in the next one.
 */
import { type CommitId, type Incarnation, type RosterKey, type SessionNumber, sessionId } from '../ids.ts'
import type { Aal, ClaimTarget, Grace, LifetimeName, StoredSession, Unreadable } from '../roster.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { readDevice, writeDevice } from './device.ts'
import { FORMAT, open, seal } from './frame.ts'

const LIFETIMES: readonly LifetimeName[] = ['anonymous', 'session', 'remember']
const HAS_GRACE = 16
const HAS_CLAIM = 32
const HAS_CONTEXT = 64
const AUTHENTICATED = 128

export interface RecordPlace {
  readonly roster: RosterKey
  readonly incarnation: Incarnation
}

export function encodeRecord(place: RecordPlace, session: StoredSession): Buffer {
  const writer = new ByteWriter(160 + session.data.length)
  const hasContext = session.acr !== '' || session.amr.length > 0
  writer.u8(FORMAT)
  writer.u32(session.version)
  writer.u16(session.privilege)
  writer.u8(
    LIFETIMES.indexOf(session.lifetime) |
      (session.aal << 2) |
      (session.grace === undefined ? 0 : HAS_GRACE) |
      (session.claim === undefined ? 0 : HAS_CLAIM) |
      (hasContext ? HAS_CONTEXT : 0) |
      (session.authenticatedAt === 0 ? 0 : AUTHENTICATED),
  )
  writer.varint(session.epoch)
  writer.varint(session.generation)
  writer.base64(session.lastCommit, 6)
  writer.base64(session.secretHash, 32)
  writer.u48(session.createdAt)
  writer.signed(session.secretAt - session.createdAt)
  if (session.authenticatedAt !== 0) writer.signed(session.authenticatedAt - session.createdAt)
  writer.signed(session.seenAt - session.createdAt)
  writer.span(session.idleDeadline - session.seenAt)
  writer.span(session.absoluteDeadline - session.createdAt)
  writeDevice(writer, session.device)
  if (hasContext) writeContext(writer, session)
  if (session.grace !== undefined) writeGrace(writer, session.createdAt, session.grace)
  if (session.claim !== undefined) writeClaim(writer, session.createdAt, session.claim)
  writer.bytes(session.data)
  return seal(writer, addressOf(place, session.number))
}

export function decodeRecord(
  place: RecordPlace & { readonly number: SessionNumber },
  bytes: Uint8Array,
): StoredSession | Unreadable {
  const { number } = place
  const reader = open(bytes, addressOf(place, number))
  if (typeof reader === 'string') return reader
  const version = reader.u32()
  const privilege = reader.u16()
  const flags = reader.u8()
  const lifetime = LIFETIMES[flags & 3]
  const epoch = reader.varint()
  const generation = reader.varint()
  const lastCommit = reader.base64(6) as CommitId
  const secretHash = reader.base64(32)
  const createdAt = reader.u48()
  const secretAt = createdAt + reader.signed()
  const authenticatedAt = flags & AUTHENTICATED ? createdAt + reader.signed() : 0
  const seenAt = createdAt + reader.signed()
  const idleDeadline = seenAt + reader.span()
  const absoluteDeadline = createdAt + reader.span()
  const device = readDevice(reader)
  const context = flags & HAS_CONTEXT ? readContext(reader) : NO_CONTEXT
  const grace = flags & HAS_GRACE ? readGrace(reader, createdAt) : undefined
  const claim = flags & HAS_CLAIM ? readClaim(reader, createdAt) : undefined
  const data = reader.rest()
  if (reader.failed || lifetime === undefined) return 'damaged'
  return {
    number,
    version,
    epoch,
    privilege,
    generation,
    secretHash,
    secretAt,
    createdAt,
    authenticatedAt,
    seenAt,
    idleDeadline,
    absoluteDeadline,
    lifetime,
    aal: ((flags >> 2) & 3) as Aal,
    acr: context.acr,
    amr: context.amr,
    device,
    grace,
    claim,
    lastCommit,
    data,
  }
}

function addressOf({ roster, incarnation }: RecordPlace, number: SessionNumber): string {
  return sessionId(roster, number) + incarnation
}

const NO_CONTEXT: Context = { acr: '', amr: [] }

interface Context {
  readonly acr: string
  readonly amr: readonly string[]
}

function writeContext(writer: ByteWriter, context: Context): void {
  writer.text(context.acr)
  writer.u8(context.amr.length)
  for (const method of context.amr) writer.text(method)
}

function readContext(reader: ByteReader): Context {
  const acr = reader.text()
  const amr: string[] = []
  for (let left = reader.u8(); left > 0 && !reader.failed; left--) amr.push(reader.text())
  return { acr, amr }
}

function writeGrace(writer: ByteWriter, createdAt: number, grace: Grace): void {
  writer.base64(grace.previousHash, 32)
  writer.signed(grace.endsAt - createdAt)
  writer.sized(grace.sealed)
}

function readGrace(reader: ByteReader, createdAt: number): Grace {
  const previousHash = reader.base64(32)
  const endsAt = createdAt + reader.signed()
  return { previousHash, endsAt, sealed: reader.sized() }
}

function writeClaim(writer: ByteWriter, createdAt: number, claim: ClaimTarget): void {
  writer.base64(claim.roster, 12)
  writer.base64(claim.number, 6)
  writer.signed(claim.endsAt - createdAt)
  writer.sized(claim.sealed)
}

function readClaim(reader: ByteReader, createdAt: number): ClaimTarget {
  const roster = reader.base64(12) as RosterKey
  const number = reader.base64(6) as SessionNumber
  const endsAt = createdAt + reader.signed()
  return { roster, number, endsAt, sealed: reader.sized() }
}
