/** Roster headers as bytes. Layout: `frame.ts`, then the fields in the order of `encodeHeader`. */
import type { CommitId, Incarnation, RosterKey } from '../ids.ts'
import type { RosterHeader, SubjectAttributes, Unreadable } from '../roster.ts'
import { type ByteReader, ByteWriter } from './bytes.ts'
import { FORMAT, open, seal } from './frame.ts'

const RESTORING = 1
const HAS_SUBJECT = 2
const HAS_ATTRIBUTES = 4
const HAS_REALM = 8
/** The realm that is not written. */
const USUAL_REALM = 'default'

export function encodeHeader(key: RosterKey, header: RosterHeader): Buffer {
  const writer = new ByteWriter(64 + (header.subject?.length ?? 0) + (header.attributes?.json.length ?? 0))
  writer.u8(FORMAT)
  writer.u32(header.version)
  writer.u8(
    (header.state === 'restoring' ? RESTORING : 0) |
      (header.subject === undefined ? 0 : HAS_SUBJECT) |
      (header.attributes === undefined ? 0 : HAS_ATTRIBUTES) |
      (header.realm === USUAL_REALM ? 0 : HAS_REALM),
  )
  writer.base64(header.incarnation, 6)
  writer.u48(header.term)
  writer.u32(header.epoch)
  writer.varint(header.globalEpoch)
  writer.base64(header.lastCommit, 6)
  if (header.realm !== USUAL_REALM) writer.text(header.realm)
  if (header.subject !== undefined) writer.text(header.subject)
  if (header.attributes !== undefined) writeAttributes(writer, header.attributes)
  return seal(writer, key)
}

export function decodeHeader(key: RosterKey, bytes: Uint8Array): RosterHeader | Unreadable {
  const reader = open(bytes, key)
  if (typeof reader === 'string') return reader
  const version = reader.u32()
  const flags = reader.u8()
  const header: RosterHeader = {
    state: flags & RESTORING ? 'restoring' : 'live',
    incarnation: reader.base64(6) as Incarnation,
    term: reader.u48(),
    version,
    epoch: reader.u32(),
    globalEpoch: reader.varint(),
    lastCommit: reader.base64(6) as CommitId,
    realm: flags & HAS_REALM ? reader.text() : USUAL_REALM,
    subject: flags & HAS_SUBJECT ? reader.text() : undefined,
    attributes: flags & HAS_ATTRIBUTES ? readAttributes(reader) : undefined,
  }
  return reader.failed || !reader.done ? 'damaged' : header
}

function writeAttributes(writer: ByteWriter, attributes: SubjectAttributes): void {
  writer.varint(attributes.version)
  writer.u48(attributes.setAt)
  writer.text(attributes.json)
}

function readAttributes(reader: ByteReader): SubjectAttributes {
  return { version: reader.varint(), setAt: reader.u48(), json: reader.text() }
}
