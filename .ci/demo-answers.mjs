// Starts the demo as a newcomer does (`npm start`), waits until it answers 200, stops it by its process
// group, and fails if any of this takes too long or if it does not stop.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const startLimitMs = 120_000
const stopLimitMs = 10_000

const port = await freePort()
const url = `http://localhost:${port}/`
const demo = spawn('npm', ['start'], {
  detached: true,
  env: { ...process.env, PORT: String(port) },
  stdio: ['ignore', 'inherit', 'inherit'],
})
const exited = once(demo, 'exit')
const startedAt = Date.now()

try {
  await untilItAnswers()
  console.log(`${url} answered 200 after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
} finally {
  await stop()
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port: found } = probe.address()
  probe.close()
  await once(probe, 'close')
  return found
}

async function untilItAnswers() {
  let last = 'no answer'
  while (Date.now() - startedAt < startLimitMs) {
    if (demo.exitCode !== null) throw new Error(`npm start ended with ${demo.exitCode} before it answered.`)
    last = await fetch(url).then(
      (response) => `status ${response.status}`,
      (error) => error.cause?.code ?? error.message,
    )
    if (last === 'status 200') return
    await delay(100)
  }
  throw new Error(`${url} did not answer 200 in ${startLimitMs / 1000} s: ${last}`)
}

async function stop() {
  signal('SIGTERM')
  const stopped = await Promise.race([exited.then(() => true), delay(stopLimitMs, false, { ref: false })])
  const left = stopped ? await answersStill() : true
  signal('SIGKILL')
  if (left) throw new Error('The demo did not stop on SIGTERM.')
}

async function answersStill() {
  await delay(200)
  return fetch(url).then(
    () => true,
    () => false,
  )
}

// A group that is gone already needs no signal.
function signal(name) {
  try {
    process.kill(-demo.pid, name)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
