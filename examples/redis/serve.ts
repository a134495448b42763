/**
 * Three of `app.ts`, on ports 3001 to 3003, as one application: a browser sends its cookie to all of them, and Redis
 * tells each what the others did. Their figures are on ports 9465 to 9467. SIGTERM and Ctrl-C stop all.
 *
 *     SESSION_SECRET=… REDIS_URL=redis://localhost:6379 node examples/redis/serve.ts
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const APP = fileURLToPath(new URL('app.ts', import.meta.url))

/** `0`: any free ports. */
const { PORT = '3001', METRICS_PORT = '9465' } = process.env

const processes = [0, 1, 2].map((number) =>
  fork(APP, { env: { ...process.env, PORT: nth(PORT, number), METRICS_PORT: nth(METRICS_PORT, number) } }),
)

for (const child of processes)
  child.once('exit', (code) => {
    if (code === 0) return
    process.exitCode = code ?? 1
    stop()
  })
process.once('SIGTERM', stop)
// A terminal sends it to all of them.
process.once('SIGINT', stop)

function stop(): void {
  for (const child of processes) child.kill('SIGTERM')
}

function nth(first: string, number: number): string {
  return first === '0' ? first : String(Number(first) + number)
}
