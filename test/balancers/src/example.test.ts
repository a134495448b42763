// examples/load-balancers behind deploy/nginx, started and restarted as its header says.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, startRedis } from 'sojourn-test-programs'
import { trusting } from '../../docs/harness/trusting.ts'
import { type Visitor, visitor } from '../../docs/harness/visitor.ts'
import { startBalancer } from './balancers.ts'

const SERVE = fileURLToPath(new URL('../../../examples/load-balancers/serve.ts', import.meta.url))
const PAUSE_MS = 100

async function greeting(somebody: Visitor): Promise<string | undefined> {
  return /<h1>Hello (\w+)<\/h1>/.exec((await somebody.get('/')).body)?.[1]
}

async function isReady(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}

test('whoever is signed in stays so while all three are restarted, and does not notice', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const ports = await freePorts(3)
  const three = spawn(process.execPath, [SERVE], {
    env: {
      PATH: process.env['PATH'],
      SESSION_SECRET: randomBytes(48).toString('base64'),
      REDIS_URL: redis.url,
      PORTS: ports.join(','),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void three.kill('SIGTERM'))
  let printed = ''
  const output = three.stdout.setEncoding('utf8')
  output.on('data', (chunk: string) => {
    printed += chunk
  })
  const count = (pattern: RegExp): number => [...printed.matchAll(pattern)].length
  while (count(/^http:/gm) < 3) await once(output, 'data')

  const nginx = await startBalancer('nginx', { affinity: 'none', ports })
  onTestFinished(nginx.stop)
  const ada = visitor(`https://127.0.0.1:${nginx.port}`, {
    send: trusting({ ca: nginx.cert, host: 'shop.example' }),
  })
  await ada.get('/sign-in')
  expect((await ada.post('/sign-in', { name: 'ada', password: 'difference engine' })).status).toBe(303)

  three.kill('SIGHUP')
  while (count(/was restarted/g) < 3) {
    expect(await greeting(ada)).toBe('ada')
    await delay(PAUSE_MS)
  }
  expect(printed.match(/^\d+(?= was restarted)/gm)).toEqual(ports.map(String))
  await ada.get('/')
  expect((await ada.post('/theme', { theme: 'dark' })).status).toBe(303)

  const exited = once(three, 'exit')
  three.kill('SIGTERM')
  // Each has been asked whether it is ready, and waits until whoever asked knows that it leaves.
  while (three.exitCode === null && three.signalCode === null) {
    await Promise.all(ports.map(isReady))
    await delay(PAUSE_MS)
  }
  expect(await exited).toEqual([0, null])
})
