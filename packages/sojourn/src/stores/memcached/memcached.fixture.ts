/** Real servers for the tests of this folder, and stores on them. Everything is stopped after the test. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach } from 'vitest'
import { type MemcachedOptions, type MemcachedServer, startMemcached } from 'sojourn-test-programs'
import type { Environment } from '../../core/environment.ts'
import type { SessionStore } from '../../core/store.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { settingsOf } from './options.ts'
import { memcachedStoreOver, serversOf, type StoreParts } from './store.ts'
import type { Server } from './wire/server.ts'

export const KEY = makeRosterKey(1)
export const HEADER = makeHeader({ subject: 'ada@example.org' })
export const RECORD = makeRecord()
export const CREATION = makeChange({ header: HEADER, put: [RECORD] })

const cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step()
})

export function afterTest(step: () => unknown): void {
  cleanUp.push(step)
}

export async function startServer(options: MemcachedOptions = {}): Promise<MemcachedServer> {
  const server = await startMemcached(options)
  afterTest(() => server.stop())
  return server
}

export interface Ground {
  readonly addresses: readonly string[]
  readonly prefix?: string
  /** The clock of the store; connections have the system's. */
  readonly environment?: Environment
  /** Put around each connection. */
  readonly around?: (server: Server) => Server
}

/** The caller closes it. */
export function openOn({ addresses, prefix = 'sojourn', environment, around }: Ground): SessionStore {
  const parts = partsOf(addresses, prefix)
  return memcachedStoreOver({
    ...parts,
    environment: environment ?? systemEnvironment,
    servers: parts.servers.map((server) => around?.(server) ?? server),
  })
}

export function openStore(ground: Ground): SessionStore {
  const store = openOn(ground)
  afterTest(() => store.close())
  return store
}

function partsOf(addresses: readonly string[], prefix: string): StoreParts {
  return serversOf(settingsOf({ servers: addresses, prefix }))
}

/** A store on a server of its own, with one roster of one session. */
export async function withSession(
  options: MemcachedOptions = {},
): Promise<{ readonly server: MemcachedServer; readonly store: SessionStore }> {
  const server = await startServer(options)
  const store = openStore({ addresses: [server.address] })
  await store.commit(KEY, CREATION)
  return { server, store }
}

/** Asks until it is so; `vitest` ends what never comes. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise<void>((resolve) => systemEnvironment.after(10, resolve))
}

export async function answers(store: SessionStore): Promise<boolean> {
  return store.ping().then(
    () => true,
    () => false,
  )
}

/** Resolves when none of its threads can answer any more: the signal reaches them one by one. */
export async function pause(server: MemcachedServer): Promise<void> {
  const threads = `/proc/${server.pid}/task`
  server.pause()
  await until(async () =>
    readdirSync(threads).every((id) => /^State:\s+T/m.test(readFileSync(`${threads}/${id}/status`, 'utf8'))),
  )
}

/** What the server has at the key. */
export async function valueAt(server: MemcachedServer, key: string): Promise<Buffer | undefined> {
  const answer = await server.ask(`get ${key}`)
  const size = /^VALUE \S+ 0 (\d+)\r\n/.exec(answer)
  if (size === null) return undefined
  return Buffer.from(answer.slice(size[0].length, size[0].length + Number(size[1])), 'latin1')
}

export async function overwrite(server: MemcachedServer, key: string, value: Uint8Array): Promise<void> {
  await server.ask(`ms ${key} ${value.length}\r\n${Buffer.from(value).toString('latin1')}`)
}
