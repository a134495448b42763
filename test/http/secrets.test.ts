/**
 * After an application went through everything, no secret that was ever issued stands in its output, its errors, its
 * URLs or its SQLite file (A8, V-59). The application is a process of its own, so that nothing it says escapes.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Browser, createBrowser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import type { WireResponse } from './harness/wire.ts'
import { EVENTS, OTHER_SECRET, SECRET } from './harness/world.ts'

interface Application {
  readonly port: number
  readonly folder: string
  said(): string
  stop(): Promise<void>
}

async function startApplication(): Promise<Application> {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-scan-'))
  const script = fileURLToPath(new URL('./harness/process.ts', import.meta.url))
  const child = fork(script, [join(folder, 'sessions.db'), SECRET, OTHER_SECRET, EVENTS.join(',')], {
    silent: true,
    execArgv: ['--trace-warnings'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
  onTestFinished(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return {
    port,
    folder,
    said: () => said,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Every token that a response carries, in a cookie or in its body. */
function tokensIn(response: WireResponse): readonly string[] {
  const values = setCookies(response).map(({ value }) => value)
  return [...values, ...(response.body.match(/sjs_[\w-]{88}/g) ?? [])].filter((value) => value !== '')
}

async function liveThroughEverything({ port }: Application): Promise<ReadonlySet<string>> {
  const issued = new Set<string>()
  const note = (response: WireResponse): WireResponse => {
    for (const token of tokensIn(response)) issued.add(token)
    return response
  }
  const go = async (
    client: Browser,
    target: string,
    more: Parameters<Browser['post']>[1] = {},
  ): Promise<WireResponse> => note(await client.post(target, more))
  const [alice, phone, visitor] = [1, 2, 3].map(() => createBrowser({ port })) as [Browser, Browser, Browser]

  await go(visitor, '/set?cart=shoes&note=n')
  await go(visitor, '/login?user=carol')
  await go(phone, '/login?user=alice&remember')
  await go(alice, '/login?user=alice', { headers: [['User-Agent', 'Mozilla/5.0 Firefox/140.0']] })
  const stale = alice.copy()
  for (const target of [
    '/count',
    '/update?note=x',
    '/elevate',
    '/regenerate',
    '/password',
    '/show',
    '/throws',
    '/bad-data',
  ])
    await go(alice, target)
  await go(stale, '/count')
  const { id } = json(await alice.get('/me'))
  await go(alice, `/devices/revoke?id=${String(id).slice(0, 16)}AAAAAAAB`)
  const bearer = String(json(await go(createBrowser({ port }), '/login?user=dave&deliver=bearer'))['token'])
  await go(createBrowser({ port }), '/show', { headers: [['Authorization', `Bearer ${bearer}`]] })
  for (const bad of [`${bearer.slice(0, -1)}x`, `Bearer ${bearer}`]) {
    await createBrowser({ port }).get('/me', { headers: [['Authorization', `Bearer ${bad}`]] })
    await createBrowser({ port, jar: new Map([['__Host-Http-sid', bad.replaceAll(' ', '')]]) }).get('/me')
  }
  const twice = createBrowser({ port })
  await twice.get('/me', {
    headers: [['Cookie', `__Host-Http-sid=${alice.token}; __Host-Http-sid=${phone.token}`]],
  })
  await go(alice, '/devices/others')
  await go(phone, '/outage')
  await go(visitor, '/outage')
  await go(alice, '/logout')
  await go(stale, '/show')
  return issued
}

/** The forms in which a text could stand somewhere. */
function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text)
  const decoded = Buffer.from(text, 'base64url')
  return [
    bytes,
    Buffer.from(encodeURIComponent(text)),
    Buffer.from(bytes.toString('hex')),
    Buffer.from(bytes.toString('base64').replaceAll('=', '').slice(0, -1)),
    Buffer.from(bytes.toString('base64url').slice(0, -1)),
    Buffer.from(text, 'utf16le'),
    decoded,
    Buffer.from(decoded.toString('hex')),
    Buffer.from(decoded.toString('base64').replaceAll('=', '')),
  ]
}

test('no issued secret in output, errors, URLs or the file', { timeout: 60_000 }, async () => {
  const application = await startApplication()
  const issued = await liveThroughEverything(application)
  expect(issued.size).toBeGreaterThanOrEqual(8)
  const places = (): [string, Buffer][] => [
    ['the output', Buffer.from(application.said(), 'latin1')],
    ...readdirSync(application.folder).map((name): [string, Buffer] => [
      name,
      readFileSync(join(application.folder, name)),
    ]),
  ]
  const live = places()
  expect(live.map(([name]) => name)).toContain('sessions.db-wal')
  await application.stop()
  const said = application.said()
  for (const proof of [
    'POST /login?user=alice',
    'the application failed',
    'RevokeUncertain',
    'session.created',
    'A listener for a session event failed',
    'CONFIG_INVALID',
    'token.rejected',
  ])
    expect(said, 'the scan had something to look at').toContain(proof)

  const secrets = [...issued].flatMap((token) => [
    token,
    token.slice(32, 76),
    token.slice(32, 70),
    token.slice(76),
  ])
  const hits: string[] = []
  for (const [place, bytes] of [...live, ...places()])
    for (const secret of [...secrets, SECRET, OTHER_SECRET])
      for (const [form, needle] of formsOf(secret).entries())
        if (bytes.includes(needle))
          hits.push(`form ${form} of a secret of ${secret.length} characters in ${place}`)
  expect(hits).toEqual([])
})
