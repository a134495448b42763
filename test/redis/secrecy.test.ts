/**
 * What a stranger could read of sessions: every byte that Redis was sent and keeps, and everything that the
 * application says of itself, in health and in trouble. No token, no secret of one, no configured secret or password.
 */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fillMemory, type RedisServer } from '../programs/index.ts'
import { demote, forbid } from './harness/breaking.ts'
import { type Client, createClient } from './harness/client.ts'
import { crowd, eventually } from './harness/crowd.ts'
import { DRIVERS, SECRET } from './harness/options.ts'
import { type App, startApp } from './harness/processes.ts'
import { redis } from './harness/servers.ts'

const PASSWORD = 'c4n4ryP4ssword9fJ2mXq7LwV0bTzKd'
const ACTIONS = ['/set?note=kept', '/elevate', '/regenerate', '/revoke-others']

test.each(DRIVERS)('%s: no secret is in Redis, on its wire, in events, figures or errors', async (driver) => {
  const server = await redis({ appendonly: true, users: [`default on >${PASSWORD} ~* &* +@all`] })
  const monitored = await monitor(server)
  const place = { ...server.place, username: 'default', password: PASSWORD }
  const app = await startApp({ driver, redis: place, near: { lease: '1s' }, store: { fence: '1s' } })
  const clients = await crowd(4, app)
  const tokens = new Set<string>()
  const act = async (client: Client): Promise<void> => {
    tokens.add(client.cookie)
    for (const action of ACTIONS) {
      await client.post(action)
      tokens.add(client.cookie)
    }
  }
  for (const client of clients) await act(client)
  for (const trouble of [fillMemory, demote, forbid]) {
    const mend = await trouble(server)
    for (const client of clients) await act(client)
    await createClient('newcomer', app).signIn()
    await mend()
  }
  await eventually(async () => (await clients[0]?.get('/me'))?.status === 200)
  await endWithoutServer(app, clients, server)

  const { events, shown, metrics } = await app.says()
  expect(events.length).toBeGreaterThan(20)
  expect(shown.length).toBeGreaterThan(10)
  expect(monitored()).toContain('EVALSHA')
  const kept = Buffer.concat(filesOf(server)).toString('latin1')
  expect(kept).toContain('sojourn:{')
  const said = { kept, wire: monitored(), events: JSON.stringify(events), shown: shown.join(), metrics }
  expect(tokens.size).toBeGreaterThan(10)
  for (const secret of [...secretsOf(tokens), SECRET, PASSWORD])
    for (const [where, text] of Object.entries(said))
      expect(text.includes(secret), `a secret in ${where}`).toBe(false)
})

/** Revocations and sign-outs that nobody answers, with all that they say. */
async function endWithoutServer(app: App, clients: readonly Client[], server: RedisServer): Promise<void> {
  await server.kill()
  // Without a cookie nobody has to be known first.
  const operator = createClient('operator', app)
  for (const client of clients) {
    await client.post('/sign-out')
    await operator.post(`/revoke?id=${client.id}`)
    await operator.post(`/revoke-all?subject=${client.subject}`)
  }
  expect((await app.says()).codes).toContain('REVOKE_UNCERTAIN')
}

/** Tokens whole, and their secret parts as the bytes that they are. */
function secretsOf(cookies: ReadonlySet<string>): readonly string[] {
  return [...cookies].flatMap((cookie) => {
    const token = cookie.slice(cookie.indexOf('=') + 1)
    const secret = token.slice(32, 76)
    const bytes = Buffer.from(secret, 'base64url')
    return token === ''
      ? []
      : [token, secret, bytes.toString('latin1'), bytes.toString('hex'), escaped(bytes)]
  })
}

/** As `MONITOR` writes bytes. */
function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('')
}

/** Every command that the server is sent from now on. */
async function monitor(server: RedisServer): Promise<() => string> {
  const socket = connect(join(server.folder, 'redis.sock'))
  onTestFinished(() => void socket.destroy())
  let said = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    said += chunk
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write('AUTH operator operator\r\nMONITOR\r\n')
  await eventually(async () => said.includes('+OK\r\n+OK'))
  return () => said
}

function filesOf({ folder }: RedisServer): readonly Buffer[] {
  const files = readdirSync(join(folder, 'appendonlydir'))
  return files.map((name) => readFileSync(join(folder, 'appendonlydir', name)))
}
