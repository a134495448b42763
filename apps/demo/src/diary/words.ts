/** The library's events in words, for people. What is not here is not told, or told by another event. */
import type { EndReason, EventName, SessionEvents } from 'sojourn'
import { MOST_DEVICES } from '../shop.ts'

/** @param device which one it happened on */
type Words<Name extends EventName> = (event: SessionEvents[Name], device: string) => string | undefined

export type Told =
  | 'session.created'
  | 'session.elevated'
  | 'session.regenerated'
  | 'session.ended'
  | 'session.used-after-end'
  | 'subject.revoked'
  | 'token.rejected'
  | 'csrf.rejected'
  | 'store.unavailable'

export const WORDS: { readonly [Name in Told]: Words<Name> } = {
  'session.created': ({ subject, lifetime }, device) => {
    if (subject === undefined) return 'A session began, because there is a basket to remember.'
    const remembered = lifetime === 'remember' ? ', remembered' : ''
    return `Signed in on ${device}${remembered}, with a token that nobody had before.`
  },
  'session.elevated': () => 'The password was given again. The session has a new token; the old one is dead.',
  'session.regenerated': () => 'The session has a new token; the old one is dead.',
  'session.ended': ({ reason }, device) => ENDS[reason]?.(device),
  'session.used-after-end': (_, device) => `${device} showed the token of an ended session. It was refused.`,
  'subject.revoked': ({ reason }) =>
    reason === 'credential-changed'
      ? 'The password was changed, and all other devices were signed out.'
      : 'All devices were signed out.',
  'token.rejected': ({ reason }) =>
    reason === 'duplicate'
      ? 'Two session cookies came at once, so neither counted.'
      : 'A token that this shop did not make was refused, without asking the store.',
  'csrf.rejected': () => 'A page of another site tried to send something here. Nothing was done.',
  'store.unavailable': () => 'The store did not answer. The shop said so, and signed nobody out.',
}

const ENDS: Readonly<Partial<Record<EndReason, (device: string) => string>>> = {
  claimed: () => 'The session of a visitor ended, and its basket came along.',
  'signed-out': (device) => `${device} signed out.`,
  revoked: (device) => `${device} was signed out from another device.`,
  'revoked-others': (device) => `${device} was signed out from another device.`,
  evicted: (device) => `${device} was signed out: ${MOST_DEVICES} devices are the most.`,
  expired: (device) => `${device} was signed out after a long silence.`,
}
