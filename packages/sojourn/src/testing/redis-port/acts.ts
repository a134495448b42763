/** What rules do with ports and servers, and how they wait: for something that is so, never for a time. */
import assert from 'node:assert/strict'
import type { Environment } from '../../core/environment.ts'
import { systemEnvironment } from '../../environment/system.ts'
import type { RedisPort, Reply } from '../../stores/redis/port.ts'
import type { PortGroup, PortLink, PortServer, PortWorld } from './rule.ts'

/** A port that has not done it by then never will. */
const PATIENCE_MS = 30_000
const POLL_MS = 10

export function set(port: RedisPort, key: string, value: string | Buffer): Promise<Reply> {
  return port.command(['SET', key, value], { key, readonly: false })
}

export function get(port: RedisPort, key: string): Promise<Reply> {
  return port.command(['GET', key], { key, readonly: true })
}

export function increment(port: RedisPort, key: string): Promise<Reply> {
  return port.command(['INCR', key], { key, readonly: false })
}

/** The port of the server that answers the calls for this key. */
export async function answererOf(port: RedisPort, key: string): Promise<number> {
  const reply = await port.command(['CONFIG', 'GET', 'port'], { key, readonly: true })
  assert.ok(Array.isArray(reply), 'a list is answered')
  return Number(textOf(reply[1]))
}

export function textOf(reply: Reply | undefined): string {
  assert.ok(Buffer.isBuffer(reply) || typeof reply === 'string', `not a text: ${String(reply)}`)
  return reply.toString()
}

/** What it is rejected with. A call that never settles fails the rule. */
export async function rejectionOf(what: string, call: Promise<unknown>): Promise<Error> {
  const outcome = await settled(what, call)
  assert.ok(outcome instanceof Error, `${what} is rejected`)
  return outcome
}

/** What it resolves with, or its error. A call that never settles fails the rule. */
export function settled<T>(what: string, call: Promise<T>): Promise<T | Error> {
  return within(
    `${what} settles`,
    call.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
  )
}

/** Asks again and again. A call that is rejected is one that it is not yet so; a promise that is broken stays broken. */
export async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = systemEnvironment.monotonic() + PATIENCE_MS
  const attempt = async (): Promise<boolean> => isSo()
  for (let reason: unknown; ; ) {
    const outcome = attempt().catch((error: unknown) => {
      if (error instanceof assert.AssertionError) throw error
      reason = error
      return false
    })
    if (await within(what, outcome)) return
    if (systemEnvironment.monotonic() > giveUpAt)
      throw new Error(`It does not come about that ${what}.`, { cause: reason })
    await pause(POLL_MS)
  }
}

export function isAnswered(port: RedisPort, key: string): Promise<void> {
  return eventually('a call is answered', async () => {
    await get(port, key)
    return true
  })
}

/** A port that is connected, over a link to the server. */
export async function openLinked(
  { open, servers, key }: PortWorld,
  server: PortServer,
): Promise<{ readonly port: RedisPort; readonly link: PortLink }> {
  const link = await servers.startLink(server.port)
  const port = await open({ url: urlOf(link) })
  await isAnswered(port, key())
  return { port, link }
}

export function urlOf({ port }: { readonly port: number }): string {
  return `redis://127.0.0.1:${port}`
}

/** Resolves when it has all of them that belong to it. */
export async function replicasOf(key: string, group: PortGroup): Promise<readonly PortServer[]> {
  let found: readonly PortServer[] = []
  await eventually('the primary has its replicas', async () => {
    const info = await (await group.primaryOf(key)).cli('INFO', 'replication')
    const ports = [...info.matchAll(/port=(\d+),state=online/g)].map(([, port]) => Number(port))
    found = group.nodes.filter(({ port }) => ports.includes(port))
    return found.length === group.replicas
  })
  return found
}

/** Those of ports, whatever they are for; not those between servers. */
export async function closeAllConnections({ nodes }: PortGroup): Promise<void> {
  // By the address, too: `cli` comes over another socket, and is not the operator before it has signed in.
  const close = ({ cli, port }: PortServer): Promise<string> =>
    cli('CLIENT', 'KILL', 'USER', 'default', 'LADDR', `127.0.0.1:${port}`)
  await Promise.all(nodes.map(close))
}

/** Until the end of the rule, or `resume`. */
export function pauseFor({ afterwards }: PortWorld, server: PortServer): void {
  server.pause()
  afterwards(() => server.resume())
}

/** The machine's, and how often it was asked for jitter. */
export function countingJitter(environment: Environment): Environment & { readonly asked: () => number } {
  let asked = 0
  return {
    ...environment,
    asked: () => asked,
    jitter() {
      asked++
      return environment.jitter()
    },
  }
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = systemEnvironment.after(PATIENCE_MS, () =>
    late.reject(new Error(`Nobody says whether ${what}.`)),
  )
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    timer.cancel()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => {
    systemEnvironment.after(ms, done, { awaited: true })
  })
}
