/** The application under test: sign in, data, devices, sign out. What it answers is JSON, so that tests can look inside. */
import type { Answer, AppHandle, Handler, Visit } from './adapters.ts'

export type Routes = Readonly<Record<string, Handler>>

const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify(value),
})

const unauthenticated = json({ code: 'unauthenticated' }, 401)

/** What a page of the application would show of a session. */
export interface Me {
  readonly subject: string | null
  readonly id: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly aal: number
  readonly lifetime: string | null
}

export function meOf(session: AppHandle): Me {
  const { session: found } = session
  return {
    subject: found?.subject ?? null,
    id: found?.id ?? null,
    data: { ...session.data },
    aal: found?.aal ?? 0,
    lifetime: found?.lifetime ?? null,
  }
}

const ROUTES: Routes = {
  'GET /': () => ({ body: 'welcome' }),
  'HEAD /me': ({ session }) => json(meOf(session)),
  'GET /me': ({ session }) => json(meOf(session)),
  'GET /private': ({ session }) => (session.subject === undefined ? unauthenticated : json(meOf(session))),
  'POST /login': logIn,
  async 'POST /logout'({ session }) {
    await session.signOut()
    return { status: 204 }
  },
  'POST /set'({ session, url }) {
    for (const [key, value] of url.searchParams) session.set(key as 'note', value)
    return json({ ok: true })
  },
  'POST /count'({ session }) {
    session.increment('count')
    return json({ ok: true })
  },
  async 'POST /update'({ session, url }) {
    const { kind } = await session.update((data) => ({ ...data, note: url.searchParams.get('note') ?? '' }))
    return json({ kind })
  },
  async 'POST /elevate'({ session }) {
    return json({ kind: (await session.elevate({ aal: 2, amr: ['pwd', 'otp'] })).kind })
  },
  async 'POST /regenerate'({ session }) {
    return json({ kind: (await session.regenerate()).kind })
  },
  async 'POST /password'({ session }) {
    return json({ kind: (await session.credentialChanged()).kind })
  },
  'GET /devices': async ({ session }) => json(await session.devices()),
  async 'POST /devices/revoke'({ session, url }) {
    return json(await session.revoke(url.searchParams.get('id') ?? ''))
  },
  'POST /devices/others': async ({ session }) => json(await session.revokeOthers()),
  'POST /devices/all': async ({ session }) => json(await session.revokeAll()),
}

export function application(extra: Routes = {}): Handler {
  const routes: Routes = { ...ROUTES, ...extra }
  return (visit) =>
    routes[`${visit.method} ${visit.url.pathname}`]?.(visit) ?? json({ code: 'not_found' }, 404)
}

async function logIn({ session, url }: Visit): Promise<Answer> {
  const ask = url.searchParams
  const deliver = ask.get('deliver')
  const result = await session.signIn(ask.get('user') ?? '', {
    remember: ask.has('remember'),
    ...(deliver === 'bearer' || deliver === 'cookie' ? { deliver } : {}),
  })
  if (result.kind === 'refused') return json(result, 403)
  return json({ id: result.session.id, ...(deliver === 'bearer' ? { token: result.token } : {}) })
}
