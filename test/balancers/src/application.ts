/**
 * The main module of a process of the fleet: sign-in, a counter in the session, and who one is, in plain HTTP behind a
 * proxy. It leaves as `examples/common/draining.ts` does, and tells what its near cache counted.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSessions, type SessionHandle, type Sessions } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { drainingServer } from '../../../examples/common/draining.ts'
import { keptIn } from './keeping.ts'
import type { Figures, Me, Said, Start, Told } from './messages.ts'

interface AppData {
  visits: number
}

type Handle = SessionHandle<AppData>

const told = JSON.parse(process.argv[2] ?? '{}') as Start
const { name, port } = told

const { store, close } = keptIn(told)
// Whoever is new first hears what the others have.
if (told.sessions === 'copied') await once(process, 'message')
const sessions: Sessions<AppData> = createSessions<AppData>({
  deployment: 'balancers',
  secrets: 'VfN7ZrU2pQy4mXc8Lk1Ht6Bs9Wd3Ga5Je0Ro_Yi-TuCn',
  store,
  // A machine with much to do decides nothing.
  deadline: '5s',
  commitDeadline: '20s',
  proxies: { trusted: ['127.0.0.1'] },
})
/** What clients are not told: why they were asked to come again. */
let trouble = ''
sessions.on('store.unavailable', ({ code }) => {
  trouble = code
})
await sessions.ready()

/** Answers a status, or what is shown as JSON. */
const ROUTES: Readonly<Record<string, (session: Handle, query: URLSearchParams) => unknown>> = {
  'GET /whoami': () => ({ process: name }),
  'GET /me': me,
  async 'GET /settled'(session) {
    await session.reverify()
    return me(session)
  },
  async 'POST /sign-in'(session, query) {
    const { kind } = await session.signIn(query.get('subject') ?? '')
    return kind === 'signed-in' ? me(session) : 409
  },
  'POST /visit'(session) {
    if (session.subject === undefined) return 401
    session.increment('visits')
    return me(session)
  },
}

const server = await drainingServer(
  withSessions(sessions, answer, {
    onProblem: ({ status, headers, code }, _request, response) =>
      void response.writeHead(status, headers).end(JSON.stringify({ code: `${code} ${trouble}` })),
    // Answered with 500, and counted by whoever gets it.
    onError(error) {
      trouble = String(error)
    },
  }),
  port,
  told.pace === 'hurried' ? { noticeMs: 1000 } : {},
)

process.on('message', ({ kind }: Told) => {
  if (kind === 'tell-figures') say({ kind: 'figures', figures: figures() })
})
process.once('disconnect', () => process.exit(0))
process.once('SIGTERM', () => void leave())
say({ kind: 'ready' })

async function answer(request: IncomingMessage, response: ServerResponse, session: Handle): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const route = ROUTES[`${request.method} ${url.pathname}`]
  const shown = route === undefined ? 404 : await route(session, url.searchParams)
  response.writeHead(typeof shown === 'number' ? shown : 200).end(JSON.stringify(shown))
}

async function leave(): Promise<void> {
  await server.drain()
  say({ kind: 'figures', figures: figures() })
  await sessions.close()
  await close()
  process.disconnect()
}

function me({ subject, id, data }: Handle): Me {
  return { process: name, subject: subject ?? null, id: id ?? null, visits: data.visits ?? 0 }
}

function figures(): Figures {
  const counted = (measure: string): number =>
    sessions
      .measures()
      .reduce((sum, each) => (each.name === measure && each.kind !== 'histogram' ? sum + each.value : sum), 0)
  const hits = counted('sojourn.near.hits') + counted('sojourn.near.negative_hits')
  return { hits, all: hits + counted('sojourn.near.misses') + counted('sojourn.near.joined') }
}

function say(said: Said): void {
  process.send?.(said)
}
