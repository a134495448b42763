// Users who may not look, and services that know no CONFIG: what could not be seen is said, the rest is found all the same.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DRIVERS, examined, SILENCE, soundCluster, soundRedis, soundSentinel } from './harness.ts'

const PAGE = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8')
const ACL = readFileSync(new URL('../../docs/redis/acl.md', import.meta.url), 'utf8')
const CREDENTIALS = { username: 'sojourn', password: 'password' }

/** The line of docs/redis/acl.md, and what docs/doctor.md adds to it. */
function user(topology: string, driver: string, more: string): string {
  const [, rules] =
    new RegExp(`^# ${topology}, ${driver}\nACL SETUSER sojourn on >… (.+)$`, 'm').exec(ACL) ?? []
  if (rules === undefined) throw new Error(`docs/redis/acl.md has no line for ${topology}, ${driver}.`)
  return `sojourn on >password ${rules} ${more}`
}

function added(): string {
  const [, rules] = /^# the doctor\n(.+)$/m.exec(PAGE) ?? []
  if (rules === undefined) throw new Error('docs/doctor.md has no line for the doctor.')
  return rules
}

describe.each(DRIVERS)('%s', (driver) => {
  test('an application’s own user sees little, and is told what', async () => {
    const server = await soundRedis({ users: ['default off', user('single', driver, '')] })
    const { findings, unseen } = await examined({ url: server.url, ...CREDENTIALS }, { driver })
    expect(findings).toEqual([])
    const asked = unseen.map(({ what }) => what)
    expect(asked).toEqual(expect.arrayContaining(['INFO', 'CONFIG GET', 'ACL GETUSER', 'TIME']))
    expect(unseen.every(({ because }) => because.startsWith('NOPERM'))).toBe(true)
  })

  test.each([
    ['single', 0],
    ['sentinel', 2],
    ['cluster', 1],
  ] as const)('%s: with what docs/doctor.md adds, everything is seen', async (topology, voters) => {
    const users = [user(topology, driver, added())]
    const at = await servers[topology](users)
    expect(await examined({ ...at, ...CREDENTIALS }, { driver, store: { voters } })).toEqual(SILENCE)
  })

  test('a service without CONFIG: the policy and the replicas are found', async () => {
    const server = await soundRedis({ config: ['rename-command CONFIG ""', 'maxmemory-policy volatile-lru'] })
    const { findings, unseen } = await examined({ url: server.url }, { driver, store: { voters: 1 } })
    expect(findings.map(({ code }) => code)).toEqual(['redis-eviction', 'redis-voters-missing'])
    expect(unseen.map(({ what }) => what)).toEqual(['CONFIG GET'])
  })
})

const servers = {
  single: async (users: readonly string[]) => ({ url: (await soundRedis({ users })).url }),
  sentinel: async (users: readonly string[]) => (await soundSentinel(users)).address,
  cluster: async (users: readonly string[]) => (await soundCluster(1, users)).address,
} as const
