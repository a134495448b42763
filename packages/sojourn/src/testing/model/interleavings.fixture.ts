/**
 * Interleavings: two processes work on one subject at once, every store call of theirs waits until the schedule
 * lets it go, and time passes when the schedule says so. Between any two steps an observer reads the store in one
 * piece. What must hold at every instant and at the end stands in `history.fixture.ts`.
 */
import fc from 'fast-check'
import { managerOn, signedIn, type TestManager } from '../../core/manager.fixture.ts'
import type { Attempt } from '../../core/beginning/sign-in.ts'
import { SystemError } from '../../core/errors.ts'
import { authorityOf, type CommitAnswer, type SessionStore } from '../../core/store.ts'
import { turn } from '../../environment/turn.ts'
import { fakeEnvironment, type FakeEnvironment } from '../fake-environment.ts'
import { History, type Initial } from './history.fixture.ts'
import type { OpenStore } from './journey.fixture.ts'
import { type Act, type ActName, ACTS } from './acts.fixture.ts'

/** What befalls a commit. */
type Fate = 'well' | 'lost' | 'unknown' | 'uncertain'

export interface Stage {
  readonly environment: FakeEnvironment
  readonly store: SessionStore
  readonly processes: readonly TestManager[]
  readonly observer: TestManager
  /** Ada's sessions before anything begins, and the token of a visitor. */
  readonly initial: readonly Initial[]
  readonly visitor: Initial
  /** A sign-in of hers that began before anything else did. */
  readonly attempt: Attempt
  readonly limit: number
  /** Opened at the end: from then on no call waits. */
  readonly gate: { open: boolean }
}

const LIMIT = 3
const CARRY = { carry: ['cart'] }

interface Kind {
  readonly name: string
  readonly acts: readonly ActName[]
  readonly fates?: readonly Fate[]
}

const KINDS: readonly Kind[] = [
  {
    name: 'anything at once',
    acts: Object.keys(ACTS) as ActName[],
  },
  {
    name: 'parallel regenerations leave one session, and every caller holds its token',
    acts: ['regenerate', 'regenerate', 'regenerate', 'increment', 'check'],
  },
  {
    name: 'the device limit and revocations against sign-ins in flight',
    acts: [
      'signIn',
      'signIn',
      'finishSignIn',
      'finishSignIn',
      'fromVisitor',
      'revokeAll',
      'revokeOthers',
      'revoke',
    ],
  },
  {
    name: 'anything at once, and commits that fail before, after or in between',
    acts: Object.keys(ACTS) as ActName[],
    fates: ['well', 'well', 'well', 'lost', 'unknown', 'uncertain'],
  },
]

export function interleavings(
  open: OpenStore,
): readonly { readonly name: string; readonly property: fc.IAsyncPropertyWithHooks<never> }[] {
  return KINDS.map((kind) => ({ name: kind.name, property: propertyOf(open, kind) as never }))
}

function propertyOf(open: OpenStore, kind: Kind): unknown {
  const act = fc.record({
    name: fc.constantFrom(...kind.acts),
    process: fc.nat({ max: 1 }),
    which: fc.nat({ max: LIMIT - 1 }),
  })
  const fates =
    kind.fates === undefined
      ? fc.constant<Fate[]>([])
      : fc.array(fc.constantFrom(...kind.fates), { minLength: 4, maxLength: 24 })
  return fc.asyncProperty(
    fc.scheduler(),
    fc.array(act, { minLength: 2, maxLength: 5 }),
    fc.integer({ min: 1, max: LIMIT }),
    fates,
    async (schedule, acts, sessions, script) => {
      const stage = await setUp(open, { schedule, sessions, fates: [...script] })
      try {
        await play(stage, schedule, acts)
      } finally {
        await stage.store.close()
      }
    },
  )
}

async function setUp(
  open: OpenStore,
  { schedule, sessions, fates }: { schedule: fc.Scheduler; sessions: number; fates: Fate[] },
): Promise<Stage> {
  const environment = fakeEnvironment()
  const store = await open(environment)
  const options = {
    devices: { limit: LIMIT },
    anonymous: CARRY,
    deadline: '10s',
    commitDeadline: '60s',
  } as const
  const start = (on: SessionStore): TestManager => managerOn(on, environment, options)
  const observer = start(withoutWrites(store))
  const founder = start(store)
  const initial: Initial[] = []
  for (let index = 0; index < sessions; index++) {
    const { session, token } = await signedIn(founder, 'ada', { data: { n: 0 } })
    initial.push({ id: session.id, token })
    await environment.advance(10)
  }
  const visitor = await founder.startAnonymous({ data: { cart: 'book', n: 0 } })
  const gate = { open: false }
  const processes = [0, 1].map(() => start(scheduled(store, { schedule, fates, gate })))
  for (const manager of [...processes, observer]) await manager.ready()
  const attempt = await founder.attempt('ada')
  return {
    environment,
    store,
    processes,
    observer,
    initial,
    visitor: { id: visitor.session.id, token: visitor.token },
    attempt,
    limit: LIMIT,
    gate,
  }
}

async function play(
  stage: Stage,
  schedule: fc.Scheduler,
  acts: readonly { name: ActName; process: number; which: number }[],
): Promise<void> {
  const history = new History(stage)
  const running = acts.map(async ({ name, process, which }, index): Promise<void> => {
    const act: Act = ACTS[name]
    const manager = stage.processes[process] as TestManager
    const own = stage.initial[which % stage.initial.length] as Initial
    const begin = await act.prepare?.({ stage, manager, own })
    await schedule.schedule(Promise.resolve(), `${index}: ${name}(${which}) begins in process ${process}`)
    const entry = history.begins(name, own)
    await act
      .run({ stage, manager, own, prepared: begin })
      .then((result) => history.resolves(entry, result))
      .catch((error: unknown) => history.rejects(entry, manager, error))
  })
  clock(stage.environment, schedule, 40)
  await drive(stage, schedule, { work: Promise.all(running), history })
  await stage.environment.advance(60_000)
  await history.concludes()
}

/** Lets one waiting call go on after the other; when none waits, time passes. */
async function drive(
  stage: Stage,
  schedule: fc.Scheduler,
  { work, history }: { work: Promise<unknown>; history: History },
): Promise<void> {
  const { environment } = stage
  const progress = { over: false }
  const end = (): void => void (progress.over = true)
  work.then(end, end)
  for (await turn(); !progress.over; await turn()) {
    if (schedule.count() > 0) await schedule.waitNext(1)
    else await environment.advance(1)
    await turn()
    await history.observes()
  }
  stage.gate.open = true
  while (schedule.count() > 0) await schedule.waitNext(1)
  await work
}

function clock(environment: FakeEnvironment, schedule: fc.Scheduler, ticks: number): void {
  if (ticks === 0) return
  void schedule
    .schedule(Promise.resolve(), 'time passes')
    .then(() => environment.advance(3))
    .then(() => clock(environment, schedule, ticks - 1))
}

/** Every call waits before it reaches the store and again before its answer arrives. Documents are left alone. */
function scheduled(
  store: SessionStore,
  { schedule, fates, gate }: { schedule: fc.Scheduler; fates: Fate[]; gate: { readonly open: boolean } },
): SessionStore {
  const { peek: _, ...rest } = store as SessionStore & { peek?: unknown }
  const held = async <T>(label: string, act: () => Promise<T>): Promise<T> => {
    if (gate.open) return await act()
    await schedule.schedule(Promise.resolve(), label)
    const answer = await act()
    await schedule.schedule(Promise.resolve(), `${label}: its answer`)
    return answer
  }
  const reads = (of: SessionStore): Pick<SessionStore, 'read' | 'list'> => ({
    read: (roster, number) => held('read', () => of.read(roster, number)),
    list: (roster) => held('list', () => of.list(roster)),
  })
  const authority = authorityOf(store)
  return {
    ...rest,
    ...reads(store),
    ...(authority === store ? {} : { authority: { ...authority, ...reads(authority) } }),
    commit: (roster, change) =>
      held('commit', () => befalling(fates.shift() ?? 'well', () => store.commit(roster, change))),
  }
}

async function befalling(fate: Fate, commit: () => Promise<CommitAnswer>): Promise<CommitAnswer> {
  if (fate === 'lost') throw outage()
  const answer = await commit()
  if (fate === 'unknown') throw outage()
  return fate === 'uncertain' && answer === 'committed' ? 'uncertain' : answer
}

function outage(): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'The schedule made the store fail.', { retryable: true })
}

function withoutWrites(store: SessionStore): SessionStore {
  const { peek: _, ...rest } = store as SessionStore & { peek?: unknown }
  const commit = (): Promise<never> =>
    Promise.reject(new SystemError('STORE_READ_ONLY', 'Observers write nothing.'))
  return { ...rest, commit }
}
