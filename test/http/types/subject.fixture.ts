/**
 * V-04: nothing but a sign-in puts a subject on a session. Each line below that says so must fail to compile;
 * `subject-types.test.ts` compiles this file.
 */
import type { Session, SessionHandle, Sessions, SignInOptions } from 'sojourn'

declare const sessions: Sessions<{ cart: string[] }, { role: string }>
declare const handle: SessionHandle<{ cart: string[] }, { role: string }>
declare const session: Session<{ cart: string[] }, { role: string }>

// @ts-expect-error a handle's subject is read
handle.subject = 'eve'
// @ts-expect-error a handle's session is read
handle.session = session
// @ts-expect-error a handle's id is read
handle.id = 'x'
// @ts-expect-error a session's subject is read
session.subject = 'eve'
// @ts-expect-error nor is its level written
session.aal = 3
// @ts-expect-error nor when somebody authenticated
session.authenticatedAt = Date.now()
// @ts-expect-error data is read; it is changed through `set`
session.data.cart = []
// @ts-expect-error the subject is no data key
handle.set('subject', 'eve')
// @ts-expect-error elevation keeps the subject
void handle.elevate({ subject: 'eve' })
// @ts-expect-error so does a new token
void handle.regenerate({ subject: 'eve' })
// @ts-expect-error a visitor has no subject
void sessions.startAnonymous({ subject: 'eve' })
// @ts-expect-error there is no such method
void sessions.setSubject?.(session, 'eve')

const allowed: SignInOptions<{ cart: string[] }, { role: string }> = { aal: 2, data: { cart: [] } }
void handle.signIn('alice', allowed)

/** All methods that take a text first. One more here is one more way to think about. */
type TakesText = {
  [Name in keyof typeof sessions]: (typeof sessions)[Name] extends (...given: infer Given) => unknown
    ? Given extends readonly [infer First, ...unknown[]]
      ? string extends First
        ? Name
        : never
      : never
    : never
}[keyof typeof sessions]
const takesText: Record<TakesText, true> = {
  verify: true,
  attempt: true,
  signIn: true,
  setSubjectAttributes: true,
  list: true,
  revoke: true,
  revokeAll: true,
  credentialChanged: true,
  eraseSubject: true,
}
void takesText
