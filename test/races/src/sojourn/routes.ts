/** The routes of `system.ts` over a session handle; the same for every adapter. */
import type { SessionHandle, Sessions } from 'sojourn'
import { holdOf, type Reached } from '../hold.ts'

export type Data = Record<string, string | number>
export type AppSessions = Sessions<Data>
type AppHandle = SessionHandle<Data>

interface RouteAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export type Routes = (request: { readonly path: string; readonly session: AppHandle }) => Promise<RouteAnswer>

interface Context {
  readonly sessions: AppSessions
  readonly session: AppHandle
  readonly query: URLSearchParams
  /** Waits when this request is to be held here. */
  readonly reached: Reached
}

type Route = (context: Context) => Promise<RouteAnswer>

const UNAUTHENTICATED: RouteAnswer = { status: 401, body: { error: 'sign in' } }
const OK: RouteAnswer = { status: 200, body: {} }

export function routes(sessions: AppSessions, pass: (gate: string) => Promise<void>): Routes {
  return async ({ path, session }) => {
    const { pathname, searchParams: query } = new URL(path, 'http://localhost')
    const reached = holdOf(path, pass)
    const route = ROUTES[pathname]
    if (route === undefined) return { status: 404, body: {} }
    if (query.get('mode') === 'strict') await session.reverify()
    await reached('opened')
    const answer = await route({ sessions, session, query, reached })
    await reached('done')
    return answer
  }
}

const ROUTES: Readonly<Record<string, Route>> = {
  '/me': signedIn(async ({ session }) => ({
    status: 200,
    body: { subject: session.subject, id: session.id, data: session.data },
  })),
  '/set': signedIn(async ({ session, query }) => {
    session.set(query.get('key') ?? '', query.get('value') ?? '')
    return OK
  }),
  '/increment': signedIn(async ({ session, query }) => {
    session.increment(query.get('key') ?? '')
    return OK
  }),
  '/sign-out': signedIn(async ({ session }) => {
    await session.signOut()
    return OK
  }),
  '/regenerate': signedIn(async ({ session, query }) =>
    done(await session.regenerate({ because: query.get('because') === 'privilege' ? 'privilege' : 'age' })),
  ),
  '/elevate': signedIn(async ({ session }) => done(await session.elevate({ aal: 2 }))),
  '/revoke-others': signedIn(async ({ session }) => {
    const { kind } = await session.revokeOthers()
    return kind === 'done' ? OK : { status: 409, body: { kind } }
  }),
  async '/visit'({ session, query }) {
    session.set(query.get('key') ?? '', query.get('value') ?? '')
    return OK
  },
  async '/sign-in'({ sessions, session, query, reached }) {
    const attempt = await sessions.attempt(query.get('subject') ?? '')
    await reached('attempted')
    const result = await session.signIn(attempt)
    return result.kind === 'signed-in'
      ? { status: 200, body: { id: result.session.id } }
      : { status: 409, body: { reason: result.reason } }
  },
  async '/revoke-all'({ sessions, query }) {
    await sessions.revokeAll(query.get('subject') ?? '')
    return OK
  },
}

function signedIn(route: Route): Route {
  return (context) =>
    context.session.subject === undefined ? Promise.resolve(UNAUTHENTICATED) : route(context)
}

function done({ kind }: { readonly kind: string }): RouteAnswer {
  return kind === 'changed' ? OK : { status: 409, body: { kind } }
}
