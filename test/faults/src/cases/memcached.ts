/**
 * F33. Memcached alone loses sessions: when a server is started again, flushed, or too small. They are over, which is
 * declared; none of them comes back, those of another server stay, and new ones begin. Where the server with the
 * deployment's record is lost, nobody is let in until the processes are started again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type MemcachedServer, startMemcached } from '../../../programs/index.ts'
import type { Application, Call } from '../application.ts'
import type { CaseResult, FaultCase, Lab } from '../case.ts'
import { answeredBy, signedIn } from '../crowd.ts'
import { drill, historyOf } from '../drill.ts'
import { started } from '../ground/applications.ts'
import { now } from '../history.ts'
import { judged } from '../judged.ts'

const SCALES = {
  short: { revoked: 20, staying: 30, perSecond: 100, revokeEveryMs: 150, faultMs: 1_000, many: 5_000 },
  full: { revoked: 100, staying: 200, perSecond: 500, revokeEveryMs: 150, faultMs: 8_000, many: 8_000 },
} as const

const NAMES = ['first', 'second', 'third'] as const
const RECORD = 'sojourn:document:deployment'

interface Loss {
  readonly title: string
  readonly servers: 1 | 2
  readonly args?: readonly string[]
  /** Sign-ins since. Default few, to see that they are possible. */
  readonly signIns?: 'many'
  /** Of a server that has not the deployment's record. */
  readonly lose?: (server: MemcachedServer) => Promise<unknown>
}

const LOSSES: readonly Loss[] = [
  {
    title: 'one of two servers is killed and started again, empty',
    servers: 2,
    async lose(server) {
      await server.kill()
      await server.restart()
    },
  },
  { title: 'one of two servers is told flush_all', servers: 2, lose: (server) => server.ask('flush_all') },
  {
    title: 'the server has one megabyte, and more sessions begin than it keeps',
    servers: 1,
    args: ['-m', '1', '-I', '512k'],
    signIns: 'many',
  },
]

export const memcachedCases: readonly FaultCase[] = [
  ...LOSSES.map((loss) => cased(loss.title, (lab) => lost(lab, loss))),
  cased('the server with the deployment’s record is killed, and later the processes', recordLost),
]

function cased(title: string, run: FaultCase['run']): FaultCase {
  return { fault: 'F33', topology: 'memcached', title, needs: ['memcached'], run }
}

async function lost(lab: Lab, { servers: count, args = [], signIns, lose }: Loss): Promise<CaseResult> {
  const { faultMs, many, ...scale } = SCALES[lab.scale]
  const servers = await startServers(lab, count, args)
  const apps = await startAll(lab, servers)
  let lostAt = Number.POSITIVE_INFINITY
  const there = new Set<string>()
  // What is too small loses those that begin later as well.
  const mayBeLost = (session: string): boolean => lose === undefined || there.has(session)
  return await drill(lab, {
    ...scale,
    apps,
    revokers: apps,
    boundMs: 0,
    explained: ({ session = '', invokedAt, code }) =>
      invokedAt > lostAt && code === 'unknown' && mayBeLost(session),
    async fault({ staying, revoked }) {
      await delay(faultMs / 2)
      const other = await withoutRecord(servers)
      for (const { session } of [...staying, ...revoked]) if (await isOn(other, session)) there.add(session)
      lostAt = now()
      await lose?.(other)
      const recoversFrom = now()
      const [first] = apps as readonly [Application, ...Application[]]
      const begun = await signedIn(first, {
        count: signIns === undefined ? scale.staying : many,
        as: 'later',
      })
      await delay(faultMs)
      const left = (await answeredBy(first, staying)).filter(({ result }) => result === 'valid')
      const evictions = /STAT evictions (\d+)/.exec(await other.ask('stats'))?.[1]
      return {
        recoversFrom,
        facts: [
          `sessions left: ${left.length} of ${staying.length}; sign-ins since: ${begun.length}; items evicted: ${evictions}`,
        ],
      }
    },
  })
}

async function recordLost(lab: Lab): Promise<CaseResult> {
  const { staying: count, faultMs, perSecond } = SCALES[lab.scale]
  const servers = await startServers(lab, 1)
  const [server] = servers as readonly [MemcachedServer]
  const before = await startAll(lab, servers)
  const [first] = before as readonly [Application, ...Application[]]
  const sessions = await signedIn(first, { count, as: 'user' })
  await Promise.all(before.map((app) => app.load({ sessions, perSecond })))
  await delay(faultMs)
  const lostAt = now()
  await server.kill()
  await server.restart()
  await delay(faultMs)
  await Promise.all(before.map((app) => app.quiet()))
  const seen = await first.calls(sessions.map(({ token }): Call => ({ op: 'verify', token })))
  await Promise.all(before.map((app) => app.kill()))
  const after = await startAll(lab, servers, 'again-')
  const [again] = after as readonly [Application, ...Application[]]
  await answeredBy(again, sessions)
  const begun = await signedIn(again, { count, as: 'later' })
  await Promise.all(after.map((app) => answeredBy(app, begun)))
  const putOff = seen.filter(({ operation }) => operation.result === 'unavailable').length
  return judged(await historyOf([...before, ...after]), {
    faults: 1,
    boundMs: 0,
    // To the processes that were started again these are tokens of another deployment.
    explained: ({ invokedAt, code }) => invokedAt > lostAt && (code === 'unknown' || code === 'forged'),
    facts: [
      `by the processes of before, put off: ${putOff} of ${count}; sign-ins since the others started: ${begun.length}`,
    ],
  })
}

async function startServers(
  lab: Lab,
  count: 1 | 2,
  args: readonly string[] = [],
): Promise<readonly MemcachedServer[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached({ args })))
  for (const server of servers) lab.clean(server.stop)
  return servers
}

function startAll(
  lab: Lab,
  servers: readonly MemcachedServer[],
  prefix = '',
): Promise<readonly Application[]> {
  const memcached = servers.map(({ address }) => address)
  return Promise.all(NAMES.map((name) => started(lab, { name: prefix + name, memcached })))
}

async function isOn(server: MemcachedServer, session: string): Promise<boolean> {
  return (await server.ask(`mg sojourn:${session.slice(0, 16)}`)).startsWith('HD')
}

/** Where there is only one, that. */
async function withoutRecord(servers: readonly MemcachedServer[]): Promise<MemcachedServer> {
  for (const server of servers) if (!(await server.ask(`mg ${RECORD}`)).startsWith('HD')) return server
  return servers[0] as MemcachedServer
}
