/**
 * An application that tells everything it can: each event, each error with its stack and cause, each URL, each
 * session as `console.log` and `JSON.stringify` show it. What it says is searched for secrets.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createSessions, type EventName, RevokeUncertain } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { flakyStore } from 'sojourn/testing'
import type { AppAttributes, AppData } from './adapters.ts'
import { application } from './application.ts'

const [path = '', secret = '', retired = '', eventNames = ''] = process.argv.slice(2)
const file = sqliteStore({ path })
const store = flakyStore(file, { peek: true })
const sessions = createSessions<AppData, AppAttributes>({
  deployment: 'scan',
  secrets: [secret, retired],
  store,
  transport: 'both',
  anonymous: { carry: ['cart'] },
  cookie: { acceptNames: ['__Host-old'] },
})

for (const name of eventNames.split(','))
  sessions.on(name as EventName, (event) => console.log(JSON.stringify({ name, event })))
sessions.on('session.created', () => {
  throw new Error('a listener that fails')
})

const routes = application({
  'POST /throws'({ session }) {
    throw new Error('the application failed', { cause: session })
  },
  'POST /bad-data'({ session }) {
    session.set('note', new Map() as unknown as string)
    return {}
  },
  async 'POST /outage'({ session }) {
    store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    store.faults.fail({ on: 'list', times: Number.POSITIVE_INFINITY })
    const refused = await session.signOut().catch((error: unknown) => error)
    console.error(inspect(refused, { depth: 9, showHidden: true }), refused instanceof RevokeUncertain)
    store.faults.heal()
    return { status: 204 }
  },
  async 'POST /show'({ session }) {
    for (const shown of [session, session.session, session.verdict, session.data, session.attributes]) {
      console.log(inspect(shown, { depth: 9, showHidden: true, getters: true }))
      console.log(JSON.stringify(shown), inspect(shown))
    }
    console.log(JSON.stringify(await session.devices()))
    return { status: 204 }
  },
})

const server = createServer(
  withSessions(
    sessions,
    async (request, response, session) => {
      console.log(request.method, request.url)
      const url = new URL(request.url ?? '/', 'http://localhost')
      const answer = await routes({ method: request.method ?? '', url, session })
      for (const [name, value] of answer.headers ?? []) response.setHeader(name, value)
      response.writeHead(answer.status ?? 200).end(answer.body)
    },
    { onError: (error) => console.error(inspect(error, { depth: 9, showHidden: true })) },
  ),
)

try {
  createSessions({ deployment: 'x y', secrets: [secret, secret, secret.slice(0, 31)], store })
} catch (error) {
  console.error(error)
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ port })
})

process.once('SIGTERM', () => {
  server.closeAllConnections()
  server.close(() => void leave())
})

async function leave(): Promise<void> {
  await sessions.close()
  process.disconnect()
}
