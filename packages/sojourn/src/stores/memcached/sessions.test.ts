// What users see when Memcached loses something: they are signed out, or told to come back; nobody who was signed out is
// signed in again.
import { expect, test } from 'vitest'
import type { MemcachedServer } from 'sojourn-test-programs'
import { createSessions, type Sessions } from '../../index.ts'
import { SECRETS } from '../../core/manager.fixture.ts'
import { afterTest, answers, openStore, pause, startServer, until, valueAt } from './memcached.fixture.ts'

const TRANSPORT = 'bearer'

/** One process of an application. */
function startProcess(servers: readonly MemcachedServer[]): Sessions {
  const store = openStore({ addresses: servers.map(({ address }) => address) })
  const sessions = createSessions({ deployment: 'test', secrets: SECRETS[0], store, deadline: '10s' })
  afterTest(() => sessions.close())
  return sessions
}

async function signInAll(
  sessions: Sessions,
  options: { count: number; data?: object },
): Promise<readonly string[]> {
  const tokens: string[] = []
  for (let index = 0; index < options.count; index++) {
    const result = await sessions.signIn(`user-${index}`, { transport: TRANSPORT, data: options.data ?? {} })
    if (result.kind !== 'signed-in') throw new Error(result.reason)
    tokens.push(result.token)
  }
  return tokens
}

async function verdicts(sessions: Sessions, tokens: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    tokens.map(async (token) => (await sessions.verify(token, TRANSPORT, { mode: 'strict' })).kind),
  )
}

const LOSSES: ReadonlyArray<readonly [string, (server: MemcachedServer) => Promise<unknown>]> = [
  ['a restart', (server) => server.restart()],
  ['a crash', async (server) => server.kill().then(server.restart)],
  ['flush_all', (server) => server.ask('flush_all')],
]

test.each(LOSSES)('%s of all servers ends all sessions, and revives none', async (_, lose) => {
  const servers = [await startServer(), await startServer()]
  const before = startProcess(servers)
  const tokens = await signInAll(before, { count: 20 })
  for (let index = 0; index < 10; index++) await before.revokeAll(`user-${index}`)
  expect(await verdicts(before, tokens)).toEqual([...Array(10).fill('none'), ...Array(10).fill('valid')])
  await Promise.all(servers.map(lose))
  const probe = openStore({ addresses: servers.map(({ address }) => address) })
  await until(() => answers(probe))
  const after = startProcess(servers)
  const again = await signInAll(after, { count: 20 })
  expect(await verdicts(after, again)).toEqual(Array(20).fill('valid'))
  expect(new Set(await verdicts(after, tokens))).toEqual(new Set(['none']))
  expect(await verdicts(before, tokens)).not.toContain('valid')
  expect(await verdicts(before, again)).not.toContain('valid')
})

test('the least of memory ends some sessions, and revives none that was ended', async () => {
  const server = await startServer({ args: ['-m', '1', '-I', '512k'] })
  const sessions = startProcess([server])
  const tokens = await signInAll(sessions, { count: 10 })
  for (let index = 0; index < 5; index++) await sessions.revokeAll(`user-${index}`)
  // All of it together is more than its memory.
  const data = { text: 'x'.repeat(12_000) }
  const more = await signInAll(sessions, { count: 200, data })
  const found = await verdicts(sessions, [...tokens, ...more])
  expect(found.slice(0, 5)).toEqual(Array(5).fill('none'))
  expect(found).toContain('none')
  expect(found.at(-1)).toBe('valid')
  expect(found).not.toContain('unavailable')
})

/** The server that has the deployment's record, and one that has not. */
async function byRecord(
  servers: readonly MemcachedServer[],
): Promise<{ readonly holder: MemcachedServer; readonly other: MemcachedServer }> {
  const values = await Promise.all(servers.map((server) => valueAt(server, 'sojourn:document:deployment')))
  const holder = servers[values.findIndex((value) => value !== undefined)]
  const other = servers[values.indexOf(undefined)]
  if (holder === undefined || other === undefined) throw new Error('One server has the record, and not all.')
  return { holder, other }
}

test('a server that is away signs nobody out: its users are told to come back, and the others go on', async () => {
  const servers = [await startServer(), await startServer(), await startServer()]
  const sessions = startProcess(servers)
  const tokens = await signInAll(sessions, { count: 30 })
  const { other } = await byRecord(servers)
  await pause(other)
  expect(new Set(await verdicts(sessions, tokens))).toEqual(new Set(['valid', 'unavailable']))
  other.resume()
  await until(async () => (await verdicts(sessions, tokens)).every((kind) => kind === 'valid'))
})

test('without the server that has the deployment’s record everybody is told to come back, and nobody is signed out', async () => {
  const servers = [await startServer(), await startServer()]
  const sessions = startProcess(servers)
  const tokens = await signInAll(sessions, { count: 10 })
  const { holder } = await byRecord(servers)
  await pause(holder)
  const seen = new Set<string>()
  await until(async () => {
    const kinds = await verdicts(sessions, tokens)
    for (const kind of kinds) seen.add(kind)
    return kinds.every((kind) => kind === 'unavailable')
  })
  expect(seen).not.toContain('none')
  holder.resume()
  await until(async () => (await verdicts(sessions, tokens)).every((kind) => kind === 'valid'))
})

test('a restart of the server that has the deployment’s record ends all sessions, also those that other servers still have', async () => {
  const servers = [await startServer(), await startServer()]
  const before = startProcess(servers)
  const tokens = await signInAll(before, { count: 10 })
  const { holder } = await byRecord(servers)
  await holder.restart()
  await until(async () => (await verdicts(before, tokens)).every((kind) => kind === 'unavailable'))
  const after = startProcess(servers)
  await after.ready()
  expect(new Set(await verdicts(after, tokens))).toEqual(new Set(['none']))
  const again = await signInAll(after, { count: 10 })
  expect(new Set(await verdicts(after, again))).toEqual(new Set(['valid']))
})
