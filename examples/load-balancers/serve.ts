/**
 * Three of `app.ts` on the ports that the proxies in `deploy/` know. SIGHUP restarts one after the other, and whoever uses
 * them does not notice; SIGTERM and Ctrl-C stop all.
 *
 *     SESSION_SECRET=… REDIS_URL=redis://localhost:6379 node examples/load-balancers/serve.ts
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const APP = fileURLToPath(new URL('app.ts', import.meta.url))
/** Longer than nginx leaves a process alone that was gone, `fail_timeout`. */
const BETWEEN_RESTARTS_MS = 5000
const POLL_MS = 100

const { PORTS = '3001,3002,3003' } = process.env
const processes = new Map(PORTS.split(',').map((port) => [port, start(port)]))
const stopping = new AbortController()
let restarts = Promise.resolve()

process.on('SIGHUP', () => {
  restarts = restarts.then(restartAll)
})
process.once('SIGTERM', stop)
// A terminal sends it to all of them.
process.once('SIGINT', stop)

function start(port: string): ChildProcess {
  const child = fork(APP, { env: { ...process.env, PORT: port } })
  child.once('exit', (code) => {
    if (code === 0) return
    process.exitCode = code ?? 1
    stop()
  })
  return child
}

async function restartAll(): Promise<void> {
  for (const [port, child] of processes) {
    child.kill('SIGTERM')
    await once(child, 'exit')
    if (stopping.signal.aborted) return
    processes.set(port, start(port))
    while (!(await isReady(port))) if (!(await pause(POLL_MS))) return
    console.log(`${port} was restarted`)
    if (!(await pause(BETWEEN_RESTARTS_MS))) return
  }
}

/** False when all are to stop meanwhile. */
async function pause(ms: number): Promise<boolean> {
  return await delay(ms, true, { signal: stopping.signal }).catch(() => false)
}

async function isReady(port: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}

function stop(): void {
  stopping.abort()
  for (const child of processes.values()) child.kill('SIGTERM')
}
