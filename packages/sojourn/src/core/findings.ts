/**
 * What an examination (`sojourn/doctor`) can find. All codes stand here, with what each does to the promises;
 * docs/doctor.md has a section for each, and a test binds the two.
 *
 * A finding is data: what was seen, and what to write instead. What could not be looked at is told beside the findings,
 * because silence about it would read as health.
 */

/** `voids`: promises do not hold. `weakens`: they hold, and less stands between them and a fault. `costs`: memory or time. */
export type Severity = 'voids' | 'weakens' | 'costs'

export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  /** The promises that it is about, by their numbers in docs/stores.md, "What holds where". */
  readonly guarantees: readonly number[]
  /** Which server, `host:port`, where there are several. */
  readonly where?: string
  /** A sentence, with the values that were read. */
  readonly seen: string
  /** What to do: a command, a setting, an option. */
  readonly fix: string
  /** The section that explains it. */
  readonly docs: string
}

/** What could not be looked at. */
export interface Unseen {
  /** The question: `CONFIG GET`. */
  readonly what: string
  readonly because: string
  readonly where?: string
}

export interface Examination {
  readonly findings: readonly Finding[]
  readonly unseen: readonly Unseen[]
}

/** What a store is told about those who use it. */
export interface Examining {
  /** Longest that a check waits for the store, in milliseconds. */
  readonly deadlineMs: number
}

/**
 * Optional capability of stores: they look at the machinery under them. Never rejects and changes nothing; what it
 * is not allowed to see, it says. Bounded in time: some seconds for machinery that hangs.
 */
export interface Examinable {
  examine(examining: Examining): Promise<Examination>
}

export function isExaminable(store: object): store is Examinable {
  return typeof (store as Partial<Examinable>).examine === 'function'
}

/** Also the anchor of its section in docs/doctor.md. */
export type FindingCode =
  | 'store-unavailable'
  | 'process-alone'
  | 'process-forgets'
  | 'options-csrf-off'
  | 'options-csrf-log'
  | 'options-development-cookie'
  | 'options-no-reauthentication'
  | 'sqlite-network'
  | 'sqlite-volatile'
  | 'sqlite-readable'
  | 'redis-version'
  | 'redis-eviction'
  | 'redis-evicted'
  | 'redis-nearly-full'
  | 'redis-nothing-kept'
  | 'redis-snapshots'
  | 'redis-fsync-no'
  | 'redis-fsync-everysec'
  | 'redis-saving-fails'
  | 'redis-replica-reads'
  | 'redis-voters-uncounted'
  | 'redis-voters-missing'
  | 'redis-no-replica'
  | 'redis-min-replicas-unmet'
  | 'redis-min-replicas-all'
  | 'redis-min-replicas-off'
  | 'redis-unnamed'
  | 'redis-slots-down'
  | 'redis-clock'
  | 'redis-slow'
  | 'redis-open'
  | 'redis-listpack'

type Meaning = readonly [severity: Severity, ...guarantees: readonly number[]]

const MEANINGS: Readonly<Record<FindingCode, Meaning>> = {
  'store-unavailable': ['voids', 11],
  'process-alone': ['voids', 9, 10],
  'process-forgets': ['weakens', 11],
  'options-csrf-off': ['weakens'],
  'options-csrf-log': ['weakens'],
  'options-development-cookie': ['weakens', 12],
  'options-no-reauthentication': ['weakens'],
  'sqlite-network': ['voids', 3, 7],
  'sqlite-volatile': ['voids', 4, 11],
  'sqlite-readable': ['weakens', 12],
  'redis-version': ['voids', 11],
  'redis-eviction': ['voids', 9, 10],
  'redis-evicted': ['voids', 10],
  'redis-nearly-full': ['weakens', 11],
  'redis-nothing-kept': ['voids', 11],
  'redis-snapshots': ['voids', 3, 11],
  'redis-fsync-no': ['voids', 3],
  'redis-fsync-everysec': ['weakens', 3],
  'redis-saving-fails': ['voids', 11],
  'redis-replica-reads': ['voids', 1, 2],
  'redis-voters-uncounted': ['voids', 1, 2, 3, 4],
  'redis-voters-missing': ['voids', 11],
  'redis-no-replica': ['voids', 11],
  'redis-min-replicas-unmet': ['voids', 11],
  'redis-min-replicas-all': ['weakens', 11],
  'redis-min-replicas-off': ['weakens', 7],
  'redis-unnamed': ['voids', 2, 11],
  'redis-slots-down': ['voids', 11],
  'redis-clock': ['voids', 5],
  'redis-slow': ['weakens', 10],
  'redis-open': ['voids', 3, 12],
  'redis-listpack': ['costs'],
}

export const FINDING_CODES: readonly FindingCode[] = Object.keys(MEANINGS) as FindingCode[]

/** What a code does to the promises, whoever it is found at. */
export function meaningOf(code: FindingCode): Pick<Finding, 'severity' | 'guarantees'> {
  const [severity, ...guarantees] = MEANINGS[code]
  return { severity, guarantees }
}

export interface Observation {
  readonly where?: string | undefined
  readonly seen: string
  readonly fix: string
}

export function finding(code: FindingCode, { where, seen, fix }: Observation): Finding {
  const place = where === undefined ? {} : { where }
  return { code, ...meaningOf(code), ...place, seen, fix, docs: `docs/doctor.md#${code}` }
}
