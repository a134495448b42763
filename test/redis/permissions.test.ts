/**
 * What the Redis user must be allowed, as docs/redis/acl.md says it: with that line everything works and nothing is
 * denied, over TLS too, and there is no command in it that was not called.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { breakDisk, fillMemory, type RedisCluster, type RedisServer } from '../programs/index.ts'
import { type Client, createClient } from './harness/client.ts'
import { crowd, eventually, expectAllSignedIn } from './harness/crowd.ts'
import { type AppOptions, DRIVERS, type RedisPlace } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { cluster, redis, sentinels } from './harness/servers.ts'

const PAGE = readFileSync(new URL('../../docs/redis/acl.md', import.meta.url), 'utf8')
const CREDENTIALS = { username: 'sojourn', password: 'password' }

interface Ground {
  readonly place: RedisPlace
  readonly voters: number
  /** All that know users. */
  readonly servers: readonly RedisServer[]
  /** What only this topology goes through. */
  readonly trouble: (clients: readonly Client[]) => Promise<void>
}

type Start = (users: readonly string[], driver: string) => Promise<Ground>

const TOPOLOGIES: Readonly<Record<string, Start>> = {
  async single(users) {
    const server = await redis({ tls: true, users, config: ['enable-protected-configs yes'] })
    const place = { ...server.place, tls: { ca: server.tls?.cert } }
    return { place, voters: 0, servers: [server], trouble: (clients) => failingDisk(server, clients) }
  },
  async sentinel(users, driver) {
    const group = await sentinels({ users })
    const allowed = ['on', '>password', ...rulesFor('Sentinels', driver).split(' ')]
    for (const sentinel of group.sentinels) {
      await sentinel.cli('ACL', 'SETUSER', 'sojourn', ...allowed)
      await sentinel.cli('ACL', 'LOG', 'RESET')
    }
    const servers = [group.primary, ...group.replicas, ...group.sentinels]
    const place = { ...group.place, sentinelCredentials: CREDENTIALS } as RedisPlace
    return { place, voters: 2, servers, trouble: async () => {} }
  },
  async cluster(users) {
    const group = await cluster({ users, replicas: 1 })
    return {
      place: group.place,
      voters: 1,
      servers: group.nodes,
      trouble: (clients) => movingSlot(group, clients),
    }
  },
}

describe.each(Object.keys(TOPOLOGIES))('%s', (topology) => {
  test.each(DRIVERS)(
    '%s: the line of docs/redis/acl.md suffices, and no command in it is too many',
    async (driver) => {
      const rules = rulesFor(topology, driver)
      const start = TOPOLOGIES[topology] as Start
      const ground = await start(['default off', `sojourn on >password ${rules}`], driver)
      const { place, voters, servers } = ground
      const near = { lease: '1s' } as const
      await live({ driver, redis: { ...place, ...CREDENTIALS }, store: { voters }, near }, ground)
      expect(await denied(servers)).toEqual([])
      const called = await calledOn(servers)
      expect(commandsIn(rules).filter((command) => !called.has(command))).toEqual([])
    },
  )
})

test('every command in a line is in the table, with its reason', () => {
  const [, table = ''] = /## Why each\n([^#]+)/.exec(PAGE) ?? []
  const inTable = new Set([...table.matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell]) => codesIn(cell ?? '')))
  const inLines = new Set(
    [...Object.keys(TOPOLOGIES), 'Sentinels'].flatMap((topology) =>
      DRIVERS.flatMap((driver) => commandsIn(rulesFor(topology, driver))),
    ),
  )
  expect([...inLines].toSorted()).toEqual([...inTable].toSorted())
})

/** A life with everything in it that has a command of its own. */
async function live(options: AppOptions, { servers, trouble }: Ground): Promise<void> {
  const app = await startApp(options)
  const clients = await crowd(9, app)
  const [first, revoked, leaving, ...staying] = clients
  const other = createClient('user-0', app)
  await other.signIn()
  for (const path of ['/set?note=kept', '/elevate', '/regenerate'])
    expect((await first?.post(path))?.status).toBe(200)
  expect((await first?.post(`/revoke?id=${revoked?.id}`))?.body).toBe('{"found":true}')
  expect((await first?.post('/revoke-others'))?.status).toBe(200)
  expect((await other.get('/me')).status).toBe(401)
  const mends = await Promise.all(servers.filter(({ said }) => !said().includes('Sentinel')).map(fillMemory))
  expect((await leaving?.post('/sign-out'))?.status).toBe(204)
  const beats = async (): Promise<number> => sum((await app.says()).figures, /fence.heartbeats (?:ack|wit)/)
  const before = await beats()
  await eventually(async () => (await first?.get('/me'))?.status === 200 && (await beats()) > before)
  for (const mend of mends) await mend()
  await trouble(staying)
  await expectAllSignedIn(staying)
  expect((await createClient('operator', app).post('/revoke-everything')).status).toBe(200)
  await app.end('SIGTERM')
}

/** Heartbeats are refused, and the server is asked what it is. */
async function failingDisk(server: RedisServer, clients: readonly Client[]): Promise<void> {
  const mend = await breakDisk(server)
  await eventually(async () => {
    await clients[0]?.get('/me')
    return (await calledOn([server])).has('role')
  })
  await mend()
}

/** A session's roster is on its way to another server. */
async function movingSlot(group: RedisCluster, clients: readonly Client[]): Promise<void> {
  const primaries = group.nodes.slice(0, 3)
  const keys = (await Promise.all(primaries.map((node) => node.cli('KEYS', 'sojourn:{*}:*'))))
    .join('\n')
    .split('\n')
  const key = keys.find((one) => clients.some(({ id }) => one.endsWith(id.slice(0, 16)))) ?? ''
  const slot = await group.slotOf(key)
  const owner = await group.primaryOf(slot)
  const migration = await group.beginMigration(slot, primaries.find((node) => node !== owner) as RedisServer)
  await migration.moveKeys()
  for (const client of clients) expect((await client.post('/set?note=moved')).status).toBe(200)
  await migration.finish()
}

function rulesFor(topology: string, driver: string): string {
  const [, rules] =
    new RegExp(`^# ${topology}, ${driver}\nACL SETUSER sojourn on >… (.+)$`, 'm').exec(PAGE) ?? []
  if (rules === undefined) throw new Error(`The page has no line for ${topology}, ${driver}.`)
  return rules
}

function commandsIn(rules: string): readonly string[] {
  return [...rules.matchAll(/\+(\S+)/g)].map(([, command]) => command as string)
}

function codesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => (code as string).replace('\\|', '|'))
}

/** What the user was refused, in words of the server. */
async function denied(servers: readonly RedisServer[]): Promise<readonly string[]> {
  const logs = await Promise.all(servers.map((server) => server.cli('ACL', 'LOG')))
  return logs.flatMap((log) => (log === '' ? [] : [log]))
}

async function calledOn(servers: readonly RedisServer[]): Promise<ReadonlySet<string>> {
  const infos = await Promise.all(servers.map((server) => server.cli('INFO', 'commandstats')))
  return new Set(
    infos.flatMap((info) => [...info.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name]) => name as string)),
  )
}

function sum(figures: Readonly<Record<string, number>>, names: RegExp): number {
  return Object.entries(figures).reduce(
    (total, [name, value]) => (names.test(name) ? total + value : total),
    0,
  )
}
