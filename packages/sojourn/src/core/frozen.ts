/**
 * What is held in this process's memory: copies that nobody can change. Objects and lists are frozen, and bytes
 * (which cannot be frozen) are kept as text with one character a byte and handed out as a fresh copy by a
 * getter. So a store can hand out what it holds without copying it, and a session's data costs a string's
 * bytes instead of an `ArrayBuffer`'s 300 more.
 *
 * Every copy is written out field by field: then all have one hidden class and stay small. A spread, or a
 * getter defined over a plain field, made each of them a hash table of twice the size.
 */
import type { ClaimTarget, Grace, RosterHeader, StoredSession } from './roster.ts'

const BYTES = Symbol('bytes')

/** A frozen copy. */
export function frozenHeader(header: RosterHeader): RosterHeader {
  const { attributes } = header
  return Object.freeze({
    state: header.state,
    incarnation: header.incarnation,
    term: header.term,
    version: header.version,
    epoch: header.epoch,
    globalEpoch: header.globalEpoch,
    realm: header.realm,
    subject: header.subject,
    attributes: attributes && Object.freeze({ ...attributes }),
    lastCommit: header.lastCommit,
  })
}

/** A frozen copy; each look at its `data` (or at a `sealed`) gives bytes that the looker owns. */
export function frozenRecord(record: StoredSession): StoredSession {
  const { device, claim } = record
  const copy: Omit<StoredSession, 'data'> = {
    number: record.number,
    version: record.version,
    epoch: record.epoch,
    privilege: record.privilege,
    generation: record.generation,
    secretHash: record.secretHash,
    secretAt: record.secretAt,
    createdAt: record.createdAt,
    authenticatedAt: record.authenticatedAt,
    seenAt: record.seenAt,
    idleDeadline: record.idleDeadline,
    absoluteDeadline: record.absoluteDeadline,
    lifetime: record.lifetime,
    aal: record.aal,
    acr: record.acr,
    amr: Object.freeze([...record.amr]),
    device: Object.freeze({
      label: device.label,
      address: device.address,
      userAgentHash: device.userAgentHash,
    }),
    grace: record.grace && frozenGrace(record.grace),
    claim: claim && frozenClaim(claim),
    lastCommit: record.lastCommit,
  }
  return Object.freeze(withBytes(copy, 'data', record.data))
}

function frozenGrace(grace: Grace): Grace {
  const copy: Omit<Grace, 'sealed'> = { previousHash: grace.previousHash, endsAt: grace.endsAt }
  return Object.freeze(withBytes(copy, 'sealed', grace.sealed))
}

function frozenClaim(claim: ClaimTarget): ClaimTarget {
  const copy: Omit<ClaimTarget, 'sealed'> = {
    roster: claim.roster,
    number: claim.number,
    endsAt: claim.endsAt,
  }
  return Object.freeze(withBytes(copy, 'sealed', claim.sealed))
}

function withBytes<T extends object, Name extends string>(
  target: T,
  name: Name,
  value: Uint8Array,
): T & { readonly [N in Name]: Uint8Array } {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  Object.defineProperty(target, BYTES, { value: text })
  return Object.defineProperty(target, name, BYTES_GETTER) as T & { readonly [N in Name]: Uint8Array }
}

/** One for all: a getter of its own would cost each record its hidden class. */
const BYTES_GETTER: PropertyDescriptor = {
  enumerable: true,
  get(this: { readonly [BYTES]: string }) {
    return Buffer.from(this[BYTES], 'latin1')
  },
}
