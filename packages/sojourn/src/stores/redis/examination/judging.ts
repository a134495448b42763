/** From facts to findings: one function for each thing that can be wrong with a server, none of which asks anybody. */
import { type Finding, type FindingCode, finding } from '../../../core/findings.ts'
import type { PortTraits } from '../port.ts'
import type { Fields, ServerFacts } from './facts.ts'
import { judgeReplicas } from './replicas.ts'

export interface Judging {
  readonly voters: number
  readonly topology: PortTraits['topology']
  /** Longest that a check waits. */
  readonly deadlineMs: number
}

/** Where lists of arguments would only be passed on. */
export type Note = (code: FindingCode, seen: string, fix: string) => Finding

type Judge = (facts: ServerFacts, about: { readonly note: Note; readonly judging: Judging }) => Finding[]

const OLDEST_MAJOR = 7
/** Processes, and so clocks, agree to this. */
const MOST_SKEW_MS = 2_000
/** A check may take two calls, and the slowest of a hundred takes far longer than the middle one. */
const DEADLINE_SHARE = 8
const NEARLY_FULL = 0.9
/** A record with some 330 bytes of data fits; measured in docs/decisions/0021-bytes-of-a-session.md. */
const ROOMY_LISTPACK = 1_024
const LOOPBACK = /^-?(?:127\.[\d.]+|::1|localhost)$/

const JUDGES: readonly Judge[] = [
  judgeVersion,
  judgeMemory,
  judgePersistence,
  judgeSyncing,
  judgeRoute,
  (facts, { note, judging }) => judgeReplicas(facts, note, judging),
  judgeName,
  judgeClock,
  judgePace,
  judgeDoors,
  judgePacking,
]

export function judge(facts: ServerFacts, judging: Judging): readonly Finding[] {
  const note: Note = (code, seen, fix) => finding(code, { where: facts.where, seen, fix })
  if (facts.silence !== undefined) {
    return [
      note(
        'store-unavailable',
        `Redis does not answer: ${facts.silence}`,
        'Start it, or correct the address, the user and the network of the port. Then examine again.',
      ),
    ]
  }
  return JUDGES.flatMap((one) => one(facts, { note, judging }))
}

function judgeVersion({ info }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const version = info?.get('redis_version')
  if (version === undefined || Number.parseInt(version, 10) >= OLDEST_MAJOR) return []
  return [
    note(
      'redis-version',
      `The server says that it speaks as Redis ${version}.`,
      'Install Redis 7.0 or newer, or Valkey.',
    ),
  ]
}

function judgeMemory({ info }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const policy = info?.get('maxmemory_policy')
  const evicted = numberIn(info, 'evicted_keys')
  const used = numberIn(info, 'used_memory')
  const most = numberIn(info, 'maxmemory')
  const found: Finding[] = []
  if (policy !== undefined && policy !== 'noeviction')
    found.push(
      note(
        'redis-eviction',
        `maxmemory-policy is ${policy}${most === 0 ? ', and maxmemory is not set yet' : ''}.`,
        'CONFIG SET maxmemory-policy noeviction, and the same in redis.conf or the parameter group.',
      ),
    )
  if (evicted > 0)
    found.push(
      note(
        'redis-evicted',
        `${evicted} keys have been evicted since the server started or its counters were reset.`,
        'Set maxmemory-policy to noeviction, raise maxmemory, and look what else is kept there. Then CONFIG RESETSTAT.',
      ),
    )
  if (most > 0 && used > most * NEARLY_FULL)
    found.push(
      note(
        'redis-nearly-full',
        `used_memory is ${used} of ${most} bytes.`,
        'Raise maxmemory (CONFIG SET maxmemory …), or look what else is kept there.',
      ),
    )
  return found
}

function judgePersistence({ info, settings }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  if (info === undefined || info.get('aof_enabled') !== '0') return []
  const save = settings?.get('save')
  const fix = 'CONFIG SET appendonly yes, and the same in redis.conf.'
  if (save === '')
    return [
      note(
        'redis-nothing-kept',
        'appendonly is no, and save is empty: after a restart it is empty, and so are its replicas.',
        fix,
      ),
    ]
  const seen =
    save === undefined
      ? 'appendonly is no: a restart goes back to the last snapshot, if there is one.'
      : `appendonly is no: a restart goes back to the last snapshot (save ${save}).`
  return [note('redis-snapshots', seen, fix)]
}

function judgeSyncing({ info, settings }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const fsync = info?.get('aof_enabled') === '1' ? settings?.get('appendfsync') : undefined
  const failing = ['aof_last_write_status', 'rdb_last_bgsave_status'].filter(
    (field) => (info?.get(field) ?? 'ok') !== 'ok',
  )
  const fix = 'CONFIG SET appendfsync always, and the same in redis.conf.'
  const found: Finding[] = []
  if (fsync === 'no')
    found.push(
      note(
        'redis-fsync-no',
        'appendfsync is no: a crash of the machine loses what the system has not written, up to some 30 s.',
        fix,
      ),
    )
  if (fsync === 'everysec')
    found.push(
      note(
        'redis-fsync-everysec',
        'appendfsync is everysec: a crash of the machine loses the last second or two.',
        fix,
      ),
    )
  if (failing.length > 0)
    found.push(
      note(
        'redis-saving-fails',
        `Redis could not write its data: ${failing.map((field) => `${field} is ${info?.get(field)}`).join(', ')}.`,
        'Look at its log; make room on its disk, or correct the rights of its directory. Then BGSAVE.',
      ),
    )
  return found
}

function judgeRoute({ info, writer }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const reader = info?.get('run_id')
  const isReplica = info?.get('role') === 'slave'
  const isElsewhere = reader !== undefined && writer !== undefined && reader !== writer
  if (!isReplica && !isElsewhere) return []
  return [
    note(
      'redis-replica-reads',
      isReplica
        ? `Reads go to a replica (of ${info?.get('master_host')}:${info?.get('master_port')}).`
        : 'Reads go to another server than writes.',
      'Give the port the address of the primary, or of the Sentinels or cluster nodes that name it. A proxy in between must not split reads.',
    ),
  ]
}

function judgeName(
  { isNamed }: ServerFacts,
  { note, judging }: { readonly note: Note; readonly judging: Judging },
): Finding[] {
  if (isNamed !== false) return []
  const majority = judging.topology === 'cluster' ? 'primaries' : 'Sentinels'
  return [
    note(
      'redis-unnamed',
      `No majority of the ${majority} names this server the primary.`,
      judging.topology === 'cluster'
        ? 'Look at CLUSTER NODES on each node, and at the network between them.'
        : 'Start the Sentinels that are missing, look at SENTINEL CKQUORUM on each, and list all of them in `sentinels`.',
    ),
  ]
}

function judgeClock({ aheadMs }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= MOST_SKEW_MS) return []
  const side = aheadMs > 0 ? 'ahead of' : 'behind'
  return [
    note(
      'redis-clock',
      `This machine's clock is ${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${side} the server's.`,
      'Run chrony or ntpd on both, and compare them with a third. Machines that run the application must agree within 2 s.',
    ),
  ]
}

function judgePace(
  { roundTripMs }: ServerFacts,
  { note, judging: { deadlineMs } }: { readonly note: Note; readonly judging: Judging },
): Finding[] {
  if (roundTripMs === undefined || roundTripMs * DEADLINE_SHARE <= deadlineMs) return []
  return [
    note(
      'redis-slow',
      `A round trip takes ${roundTripMs.toFixed(1)} ms, and a check may take ${deadlineMs} ms in all.`,
      'Move Redis next to the application, look at SLOWLOG GET and LATENCY DOCTOR, or raise `deadline`.',
    ),
  ]
}

function judgeDoors({ settings, letsAnybodyIn }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const bind = settings?.get('bind')
  if (bind === undefined || settings?.get('protected-mode') !== 'no' || letsAnybodyIn !== true) return []
  const isPublic = bind.split(' ').some((address) => !LOOPBACK.test(address))
  if (!isPublic) return []
  return [
    note(
      'redis-open',
      `It listens on ${bind === '' ? 'every address' : `"${bind}"`} with protected-mode no, and the default user needs no password.`,
      'ACL SETUSER default off, give the application the user of docs/redis/acl.md, and let only its machines connect.',
    ),
  ]
}

function judgePacking({ settings }: ServerFacts, { note }: { readonly note: Note }): Finding[] {
  const longest = settings?.get('hash-max-listpack-value')
  if (longest === undefined || Number(longest) >= ROOMY_LISTPACK) return []
  return [
    note(
      'redis-listpack',
      `hash-max-listpack-value is ${longest}: rosters take up to a quarter more memory.`,
      `CONFIG SET hash-max-listpack-value ${ROOMY_LISTPACK}, and the same in redis.conf.`,
    ),
  ]
}

/** 0 for what is not told. */
function numberIn(info: Fields | undefined, field: string): number {
  return Number(info?.get(field) ?? 0) || 0
}
