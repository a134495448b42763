/**
 * Replicas against `voters` and `min-replicas-to-write`. `WAIT` counts every replica that is attached, whether or not it
 * could be promoted, so `voters` is the number of all of them, of `replica-priority` 0 too.
 */
import type { Finding } from '../../../core/findings.ts'
import type { Fields, ServerFacts } from './facts.ts'
import type { Judging, Note } from './judging.ts'

interface Replicas {
  /** Also those that are being brought up to date. */
  readonly attached: number
  readonly online: number
}

export function judgeReplicas({ info, settings }: ServerFacts, note: Note, judging: Judging): Finding[] {
  if (info?.get('role') !== 'master') return []
  const replicas = replicasIn(info)
  const atLeast = settings === undefined ? undefined : Number(settings.get('min-replicas-to-write') ?? 0)
  return [
    ...judgeVoters(replicas, note, judging),
    ...(atLeast === undefined ? [] : judgeLeast(replicas, note, atLeast)),
  ]
}

function judgeVoters({ attached, online }: Replicas, note: Note, { voters, topology }: Judging): Finding[] {
  if (voters < attached)
    return [
      note(
        'redis-voters-uncounted',
        `${counted(attached)} attached, and \`voters\` is ${voters}: one that has not confirmed a revocation may be promoted.`,
        `Write \`voters: ${attached}\` in redisStore, in every process; replicas with replica-priority 0 count too.`,
      ),
    ]
  if (voters > online)
    return [
      note(
        'redis-voters-missing',
        `\`voters\` is ${voters}, and ${counted(online)} online: no revocation is confirmed.`,
        `Bring the others back (INFO replication names those that are there), or write \`voters: ${attached}\` in every process if there are no more.`,
      ),
    ]
  if (attached === 0 && topology !== 'single')
    return [
      note(
        'redis-no-replica',
        'The primary has no replica: nothing can take over when it is lost.',
        'Attach a replica to each primary and set `voters` to their number.',
      ),
    ]
  return []
}

function judgeLeast({ attached, online }: Replicas, note: Note, atLeast: number): Finding[] {
  if (atLeast > online)
    return [
      note(
        'redis-min-replicas-unmet',
        `min-replicas-to-write is ${atLeast}, and ${counted(online)} online: every write is refused.`,
        `Bring the replicas back, or CONFIG SET min-replicas-to-write ${Math.max(0, online - 1)}.`,
      ),
    ]
  if (atLeast > 0 && atLeast === attached)
    return [
      note(
        'redis-min-replicas-all',
        `min-replicas-to-write is ${atLeast}, as many as there are: one that is lost stops all sign-ins.`,
        `CONFIG SET min-replicas-to-write ${attached - 1}; \`voters\` sees to revocations.`,
      ),
    ]
  if (atLeast === 0 && attached > 1)
    return [
      note(
        'redis-min-replicas-off',
        `min-replicas-to-write is 0 with ${attached} replicas: a primary that was cut off goes on taking sign-ins and data, which are lost.`,
        'CONFIG SET min-replicas-to-write 1, on the primary and on its replicas.',
      ),
    ]
  return []
}

function counted(replicas: number): string {
  return replicas === 1 ? '1 replica is' : `${replicas} replicas are`
}

/** `slave0:ip=…,port=…,state=online,offset=…,lag=0`. */
function replicasIn(info: Fields): Replicas {
  const states = [...info].flatMap(([name, value]) =>
    /^slave\d+$/.test(name) ? [/(?:^|,)state=(\w+)/.exec(value)?.[1]] : [],
  )
  const attached = Math.max(states.length, Number(info.get('connected_slaves')) || 0)
  return { attached, online: states.filter((state) => state === 'online').length }
}
