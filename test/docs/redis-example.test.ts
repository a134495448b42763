// examples/redis, started as its header says: three processes, one Redis, one application.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../programs/index.ts'
import { type Visitor, visitor } from './harness/visitor.ts'
import { ROOT } from './pages.ts'

const ADDRESSES = /^(http:\/\/localhost:\d+), figures on (\S+)$/gm
const PATIENT_MS = 30_000

describe('examples/redis/serve.ts', { timeout: PATIENT_MS }, () => {
  let redis: RedisServer
  let three: ChildProcess
  let printed = ''

  beforeAll(async () => {
    redis = await startRedis()
    three = spawn(process.execPath, [join(ROOT, 'examples/redis/serve.ts')], {
      env: {
        PATH: process.env['PATH'],
        SESSION_SECRET: randomBytes(48).toString('base64'),
        REDIS_URL: redis.url,
        PORT: '0',
        METRICS_PORT: '0',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = three.stdout?.setEncoding('utf8') as Readable
    output.on('data', (chunk: string) => {
      printed += chunk
    })
    while (addresses().length < 3) await once(output, 'data')
  }, PATIENT_MS)

  afterAll(async () => {
    if (three.exitCode === null) three.kill()
    await redis.stop()
  })

  function addresses(): readonly (readonly [application: string, figures: string])[] {
    return [...printed.matchAll(ADDRESSES)].map(([, application = '', figures = '']) => [
      application,
      figures,
    ])
  }

  /** A browser that signed in at the first process, as each of the three sees it. */
  async function signedIn(): Promise<readonly Visitor[]> {
    const [first = visitor(''), ...others] = addresses().map(([url]) => visitor(url))
    await first.get('/sign-in')
    await first.post('/sign-in', { name: 'ada', password: 'difference engine' })
    return [first, ...others.map((_, at) => first.copy(addresses()[at + 1]?.[0]))]
  }

  it('is signed in everywhere after one sign-in', async () => {
    const everywhere = await signedIn()
    expect(await Promise.all(everywhere.map(greeting))).toEqual(['ada', 'ada', 'ada'])
  })

  it('is signed out everywhere after one sign-out, also where a copy was kept', async () => {
    const [first, ...others] = await signedIn()
    await Promise.all(others.map(greeting))
    await first?.get('/')
    await first?.post('/sign-out')
    for (const other of others)
      await expect.poll(() => greeting(other), { timeout: PATIENT_MS }).toBe('stranger')
  })

  it('tells how many checks asked nobody, and that the fence is confirmed', async () => {
    const [first] = await signedIn()
    for (let request = 0; request < 5; request++) if (first !== undefined) await greeting(first)
    const figures = await (await fetch(addresses()[0]?.[1] ?? '')).text()
    expect(Number(/^sojourn_near_hits_total (\d+)$/m.exec(figures)?.[1])).toBeGreaterThan(0)
    expect(figures).toContain('sojourn_redis_fence_primaries{state="confirmed"} 1')
  })

  it('stops all in good order', async () => {
    three.kill('SIGTERM')
    expect(await once(three, 'exit')).toEqual([0, null])
  })
})

async function greeting(somebody: Visitor): Promise<string | undefined> {
  return /<h1>Hello (\w+)<\/h1>/.exec((await somebody.get('/')).body)?.[1]
}
