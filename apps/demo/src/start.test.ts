/** Starting, stopping and starting again. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { endedStart, startDemo, temporaryDataDir } from './testing/demo.fixture.ts'
import { signIn, signUp, visitor } from './testing/visitor.fixture.ts'

const disposals: (() => unknown)[] = []

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose()
})

function dataDir(): string {
  const made = temporaryDataDir()
  disposals.push(() => made.dispose())
  return made.path
}

test('whoever is signed in stays so through kill -9 and through a stop in good order', async () => {
  const path = dataDir()
  const first = await startDemo(path)
  const [ada, bob] = [visitor(first.url), visitor(first.url)]
  await signUp(ada, 'ada@example.com')
  await bob.post('/basket/add', { product: 'flask' })
  expect(await first.stop('SIGKILL')).toBe(null)

  const startedAt = performance.now()
  const second = await startDemo(path)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  const [adaAgain, bobAgain] = [visitor(second.url), visitor(second.url)]
  adaAgain.steal(ada.token() as string)
  bobAgain.steal(bob.token() as string)
  expect((await adaAgain.get('/account')).body).toContain('ada@example.com')
  expect((await bobAgain.get('/basket')).body).toContain('Steel flask')
  expect(await second.stop('SIGTERM')).toBe(0)

  const third = await startDemo(path)
  disposals.push(() => third.stop('SIGINT'))
  const adaAtLast = visitor(third.url)
  adaAtLast.steal(ada.token() as string)
  expect((await adaAtLast.get('/account')).status).toBe(200)
})

test('the secret is made once, for its owner only, and is never printed', async () => {
  const path = dataDir()
  const first = await startDemo(path)
  const secret = readFileSync(join(path, 'secret'), 'utf8').trim()
  expect(statSync(path).mode & 0o777).toBe(0o700)
  for (const file of ['secret', 'sessions.sqlite', 'shop.sqlite'])
    expect(statSync(join(path, file)).mode & 0o777).toBe(0o600)
  expect(Buffer.from(secret, 'base64')).toHaveLength(48)
  await first.stop('SIGTERM')
  const second = await startDemo(path)
  disposals.push(() => second.stop('SIGTERM'))
  expect(readFileSync(join(path, 'secret'), 'utf8').trim()).toBe(secret)
  expect(first.printed() + second.printed()).not.toContain(secret)
})

test('the account that it names at start can be used', async () => {
  const demo = await startDemo(dataDir())
  disposals.push(() => demo.stop('SIGTERM'))
  const [, email = '', password = ''] = /(demo@\S+) +(.+)/.exec(demo.printed()) ?? []
  expect((await signIn(visitor(demo.url), email, { password })).status).toBe(303)
})

test('passwords are kept as Argon2id hashes', async () => {
  const path = dataDir()
  const demo = await startDemo(path)
  await signUp(visitor(demo.url), 'ada@example.com', 'tell nobody of this')
  await demo.stop('SIGTERM')
  const file = readFileSync(join(path, 'shop.sqlite'), 'latin1')
  expect(file.match(/\$argon2id\$v=19\$m=19456,t=2,p=1\$/g)).toHaveLength(2)
  expect(file).not.toContain('tell nobody')
})

test('it answers on both loopback addresses and says so when the port is taken', async () => {
  const demo = await startDemo(dataDir())
  disposals.push(() => demo.stop('SIGTERM'))
  const { port } = new URL(demo.url)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  const onIpv6 = await fetch(`http://[::1]:${port}/`).then(
    ({ ok }) => ok,
    () => false,
  )
  expect(onIpv6).toBe(!demo.printed().includes('no IPv6'))
  const { code, printed } = await endedStart({ PORT: port, DATA_DIR: dataDir() })
  expect(code).toBe(69)
  expect(printed).toBe(
    `Port ${port} is taken by another program. Stop that one, or set PORT to a free port.\n`,
  )
})

test('--help says what there is, on stdout, and starts nothing', async () => {
  for (const flag of ['--help', '-h']) {
    const { code, printed } = await endedStart({ DATA_DIR: '' }, [flag])
    expect(code).toBe(0)
    for (const word of ['npm start -- --https', '3443', 'PORT', 'DATA_DIR', 'SOJOURN_TRUSTED_PROXIES'])
      expect(printed).toContain(word)
  }
})

test.each([[['--tls']], [['https']], [['--https=yes']], [['--https', '--port', '80']]])(
  'a command line that is not understood is refused with what there is: %j',
  async (flags) => {
    const path = dataDir()
    const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: path }, flags)
    expect(code).toBe(64)
    expect(printed).toContain(flags.at(-1) === '80' ? '--port' : flags[0]?.split('=')[0])
    expect(printed).toContain('npm start -- --https')
    expect(existsSync(path)).toBe(false)
  },
)

test.each(['abc', '', '-1', '80.5', '0x50', '65536', ' 3000'])('a PORT of %j is refused', async (PORT) => {
  const { code, printed } = await endedStart({ PORT, DATA_DIR: dataDir() })
  expect(code).toBe(78)
  expect(printed).toMatch(/^PORT is ".*"\. Write a whole number from 0 to 65535\.\n$/)
})

test('a secret file that is damaged or open to others is refused with what to do', async () => {
  const path = dataDir()
  mkdirSync(path, { mode: 0o700 })
  writeFileSync(join(path, 'secret'), 'too short', { mode: 0o600 })
  const damaged = await endedStart({ PORT: '0', DATA_DIR: path })
  expect(damaged.code).toBe(78)
  expect(damaged.printed).toContain('Put the right one back')
  expect(damaged.printed).not.toContain('too short')

  const open = dataDir()
  mkdirSync(open, { mode: 0o700 })
  writeFileSync(join(open, 'secret'), 'x'.repeat(64), { mode: 0o644 })
  const readable = await endedStart({ PORT: '0', DATA_DIR: open })
  expect(readable.code).toBe(78)
  expect(readable.printed).toContain('chmod 600')
})

test('sessions that were made with another secret are refused, and files that are no database', async () => {
  const path = dataDir()
  await (await startDemo(path)).stop('SIGTERM')
  rmSync(join(path, 'secret'))
  const other = await endedStart({ PORT: '0', DATA_DIR: path })
  expect(other.code).toBe(78)
  expect(other.printed).toContain('were made with another secret')

  const shop = dataDir()
  mkdirSync(shop, { mode: 0o700 })
  writeFileSync(join(shop, 'shop.sqlite'), 'this is no database at all')
  const damaged = await endedStart({ PORT: '0', DATA_DIR: shop })
  expect(damaged.code).toBe(78)
  expect(damaged.printed).toContain('shop.sqlite cannot be used')
})

test('a data directory that cannot be one is refused', async () => {
  const path = dataDir()
  writeFileSync(path, 'a file')
  const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: path })
  expect(code).toBe(78)
  expect(printed).toContain('Set DATA_DIR')
})
