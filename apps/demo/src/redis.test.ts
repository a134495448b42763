/** With `REDIS_URL`, several processes are one shop; a real server stands behind them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../../test/programs/index.ts'
import { type Demo, endedStart, startDemo, temporaryDataDir } from './testing/demo.fixture.ts'
import { signUp, type Visitor, visitor } from './testing/visitor.fixture.ts'

const disposals: (() => unknown)[] = []

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose()
})

test('what one process knows of a visitor, the other knows too, and both know a sign-out', async () => {
  const server = await redis()
  const path = dataDir()
  const [first, second] = [await demo(server, path), await demo(server, path)]
  const here = visitor(first.url)
  await here.post('/basket/add', { product: 'flask' })
  await signUp(here, 'ada@example.com')
  const there = stolen(here, second)
  expect((await there.get('/account')).body).toContain('ada@example.com')
  expect((await there.get('/basket')).body).toContain('Steel flask')

  await here.post('/sign-out')
  // The near cache of the other process is told; were it not, its lease would end.
  await expect.poll(async () => (await there.get('/account')).status, { timeout: 10_000 }).toBe(303)
})

test('sessions are in Redis and in no file, and stay when all processes end', async () => {
  const server = await redis()
  const path = dataDir()
  const first = await demo(server, path)
  const ada = visitor(first.url)
  await signUp(ada, 'ada@example.com')
  expect(first.printed()).toContain('sessions in Redis (REDIS_URL)')
  expect(existsSync(join(path, 'sessions.sqlite'))).toBe(false)
  expect(await server.cli('KEYS', '*')).toMatch(/^wayside:/m)
  expect(await first.stop('SIGTERM')).toBe(0)

  const again = stolen(ada, await demo(server, path))
  expect((await again.get('/account')).body).toContain('ada@example.com')
})

test('while Redis is away a signed-in visitor gets 503 and keeps the cookie', async () => {
  const server = await redis()
  const shop = await demo(server)
  const ada = visitor(shop.url)
  await signUp(ada, 'ada@example.com')
  await server.stop()
  // A copy is good for its lease, whatever happens to the store.
  await expect.poll(async () => (await ada.get('/account')).status, { timeout: 10_000 }).toBe(503)
  expect(ada.token()).toMatch(/^sjs_/)
})

test('a Redis that is not there is said at start, and its password is not', async () => {
  const server = await redis()
  await server.stop()
  const url = server.url.replace('//', '//:hunter2-hunter2@')
  const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: dataDir(), REDIS_URL: url })
  expect(code).toBe(78)
  expect(printed).toContain('Redis')
  expect(printed).not.toContain('hunter2')
  expect(printed).not.toContain('    at ')
})

test.each(['', 'localhost:6379', 'https://:hunter2@localhost'])(
  'a REDIS_URL of %j is refused',
  async (url) => {
    const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: dataDir(), REDIS_URL: url })
    expect(code).toBe(78)
    expect(printed).toMatch(/^REDIS_URL cannot be used\. /)
    expect(printed).not.toContain('hunter2')
  },
)

test('sessions that were made with another secret are refused', async () => {
  const server = await redis()
  await (await demo(server)).stop('SIGTERM')
  const other = await endedStart({ PORT: '0', DATA_DIR: dataDir(), REDIS_URL: server.url })
  expect(other.code).toBe(78)
  expect(other.printed).toContain('The sessions in Redis were made with another secret')
})

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  disposals.push(() => server.stop())
  return server
}

async function demo(server: RedisServer, path = dataDir()): Promise<Demo> {
  const started = await startDemo(path, { REDIS_URL: server.url })
  disposals.push(() => started.stop('SIGKILL'))
  return started
}

function dataDir(): string {
  const made = temporaryDataDir()
  disposals.push(() => made.dispose())
  return made.path
}

function stolen(from: Visitor, { url }: Demo): Visitor {
  const somebody = visitor(url)
  somebody.steal(from.token() as string)
  return somebody
}
