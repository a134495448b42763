/** Each call is one step of the session manager, and one operation of the history. */
import { type Attempt, RevokeUncertain, type Session, type Sessions, SystemError } from 'sojourn'
import { now, type Operation } from '../history.ts'
import type { Call, Called, Data, Mode } from './options.ts'
import { type Asked, type Came, type Recorder, sessionOf } from './recorder.ts'

export type Calls = (call: Call) => Promise<Called>

/** A token is the same in a cookie and in a call. */
export const COOKIE = '__Host-Http-sid'
const BOUNDED: Mode = 'bounded'

type Found = Session<Data>

interface Begun {
  readonly attempt: Attempt
  readonly begunAt: number
}

export function createCalls(sessions: Sessions<Data>, recorder: Recorder): Calls {
  const heldByToken = new Map<string, Found>()
  const attempts = new Map<string, Begun[]>()

  function kept(operation: Operation): Called {
    recorder.keep(operation)
    return { operation }
  }

  /** What a call throws leaves open what it did. */
  async function recorded(asked: Asked, ask: () => Promise<Came>): Promise<Called> {
    const end = recorder.begin(asked)
    try {
      return kept(end(await ask()))
    } catch (error) {
      if (error instanceof RevokeUncertain) void error.completed.then(() => kept(end({ result: 'done' })))
      // Noted later under the same name, it takes the place of what was not known.
      return kept(end({ result: 'unknown', code: codeOf(error) }))
    }
  }

  async function verify(token: string, mode: Mode): Promise<{ called: Called; session?: Found }> {
    const end = recorder.begin({ op: 'verify', mode, token, session: sessionOf(token) })
    const verdict = await sessions.verify(token, COOKIE, { mode })
    if (verdict.kind === 'valid') {
      const { session } = verdict
      const called = kept(end({ result: 'valid', subject: session.subject ?? '' }))
      return { called: { ...called, count: session.data.count ?? 0 }, session }
    }
    const code = verdict.kind === 'none' ? verdict.reason : verdict.code
    return { called: kept(end({ result: verdict.kind, code })) }
  }

  async function request(token: string, mode: Mode): Promise<Called> {
    const end = recorder.begin({ op: 'verify', mode, token, session: sessionOf(token) })
    const asked = new Request('https://lab.example/', { headers: { cookie: `${COOKIE}=${token}` } })
    let subject = ''
    const response = await sessions.respond(
      asked,
      (session) => {
        subject = session.subject ?? ''
        return new Response(null, { status: session.subject === undefined ? 401 : 204 })
      },
      { mode },
    )
    const clears = response.headers.getSetCookie().some((line) => /;\s*max-age=0(?:;|$)/i.test(line))
    return kept(end({ ...came(response.status, subject), ...(clears ? { cleared: true } : {}) }))
  }

  async function hold(token: string, mode: Mode): Promise<Called> {
    const { called, session } = await verify(token, mode)
    if (session !== undefined) heldByToken.set(token, session)
    return called
  }

  /** The session that was held for this token, or what a check finds now. */
  async function opened(token: string): Promise<Found | Came> {
    const held = heldByToken.get(token)
    heldByToken.delete(token)
    if (held !== undefined) return held
    const verdict = await sessions.verify(token, COOKIE)
    if (verdict.kind === 'valid') return verdict.session
    return verdict.kind === 'none'
      ? { result: 'refused', code: verdict.reason }
      : { result: 'unavailable', code: verdict.code }
  }

  function change(token: string): Promise<Called> {
    return recorded({ op: 'change', mode: 'strict', token, session: sessionOf(token) }, async () => {
      const session = await opened(token)
      if ('result' in session) return session
      const { kind } = await sessions.update(session, ({ count = 0 }) => ({ count: count + 1 }))
      return kind === 'changed' ? { result: 'done' } : { result: 'refused', code: kind }
    })
  }

  async function regenerate(token: string, because: 'age' | 'privilege'): Promise<Called> {
    let next: string | undefined
    let subject = ''
    const asked = { op: 'regenerate', mode: 'strict', token, session: sessionOf(token) } as const
    const called = await recorded(asked, async () => {
      const session = await opened(token)
      if ('result' in session) return session
      const result = await sessions.regenerate(session, { because })
      if (result.kind !== 'changed') return { result: 'refused', code: result.kind }
      subject = session.subject ?? ''
      next = result.token
      return { result: 'done', given: next }
    })
    return next === undefined ? called : { ...called, held: { ...heldOf(next), subject } }
  }

  function attempt(subject: string): Promise<Called> {
    return recorded({ op: 'attempt', mode: 'strict', subject }, async () => {
      const begun: Begun = { attempt: await sessions.attempt(subject), begunAt: now() }
      attempts.set(subject, [...(attempts.get(subject) ?? []), begun])
      return { result: 'done' }
    })
  }

  async function signIn(subject: string): Promise<Called> {
    const begun = attempts.get(subject)?.shift()
    let token: string | undefined
    const begunAt = begun === undefined ? {} : { begunAt: begun.begunAt }
    const called = await recorded({ op: 'signIn', mode: 'strict', subject, ...begunAt }, async () => {
      const result = await sessions.signIn(begun?.attempt ?? subject, { transport: COOKIE })
      if (result.kind === 'refused') return { result: 'refused', code: result.reason }
      ;({ token } = result)
      return { result: 'done', session: result.session.id, given: token, evicted: result.evicted }
    })
    return token === undefined ? called : { ...called, held: { ...heldOf(token), subject } }
  }

  function signOut(token: string): Promise<Called> {
    return recorded({ op: 'signOut', mode: 'strict', token, session: sessionOf(token) }, async () => {
      const session = await opened(token)
      if ('result' in session) return session
      await sessions.signOut(session)
      return { result: 'done' }
    })
  }

  function revocation(
    asked: Pick<Asked, 'op' | 'session' | 'subject'>,
    revoke: () => Promise<unknown>,
  ): Promise<Called> {
    return recorded({ mode: 'strict', ...asked }, async () => {
      const isFound = await revoke()
      return { result: 'done', ...(isFound === false ? { code: 'absent' } : {}) }
    })
  }

  const handlers: Handlers = {
    attempt: ({ subject }) => attempt(subject),
    signIn: ({ subject }) => signIn(subject),
    hold: ({ token, mode = BOUNDED }) => hold(token, mode),
    verify: async ({ token, mode = BOUNDED }) => (await verify(token, mode)).called,
    request: ({ token, mode = BOUNDED }) => request(token, mode),
    change: ({ token }) => change(token),
    regenerate: ({ token, because = 'privilege' }) => regenerate(token, because),
    signOut: ({ token }) => signOut(token),
    revoke: ({ op, session }) => revocation({ op, session }, () => sessions.revoke(session)),
    revokeAll: ({ op, subject }) => revocation({ op, subject }, () => sessions.revokeAll(subject)),
    revokeEverything: ({ op }) => revocation({ op }, () => sessions.revokeEverything()),
  }
  return (call) => (handlers[call.op] as (asked: Call) => Promise<Called>)(call)
}

type Handlers = {
  readonly [Op in Call['op']]: (call: Extract<Call, { readonly op: Op }>) => Promise<Called>
}

function came(status: number, subject: string): Came {
  if (status === 204) return { result: 'valid', subject }
  if (status === 401) return { result: 'none' }
  return status === 503 ? { result: 'unavailable' } : { result: 'unknown', code: `status ${status}` }
}

function heldOf(token: string): { readonly session: string; readonly token: string } {
  return { session: sessionOf(token), token }
}

function codeOf(error: unknown): string {
  return error instanceof SystemError ? error.code : String(error)
}
