/** What can happen, one command each: it does the same to the library and to the reference, and compares the answers. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Delta } from '../../core/data/delta.ts'
import type { TestManager } from '../../core/manager.fixture.ts'
import { type Begun, compare, type Hand, type Journey, settle, use } from './journey.fixture.ts'
import {
  ATTEMPT,
  CARRIED,
  DAY,
  GRACE,
  HOUR,
  type Issued,
  MINUTE,
  type Reference,
  SECOND,
  type Stay,
} from './reference.fixture.ts'

export type Command = fc.AsyncCommand<Reference, Journey>

type Run = (model: Reference, real: Journey) => Promise<void>

function command(label: string, run: Run): Command {
  return {
    check: () => true,
    toString: () => label,
    async run(model, real) {
      model.now = real.environment.now()
      await run(model, real)
      await settle(model, real)
      await compare(model, real)
    },
  }
}

const SUBJECTS = ['ada', 'bob'] as const
const subject = fc.constantFrom(...SUBJECTS)
const which = fc.nat({ max: 1 })
const pick = fc.nat({ max: 15 })
const hand = fc.record({ process: which, pick, held: fc.boolean() })
type Choice = { readonly process: number; readonly pick: number; readonly held: boolean }

/** A request in flight: one that checked its token long ago, or one that checks it now. */
async function inHand(model: Reference, real: Journey, choice: Choice): Promise<Hand | undefined> {
  const held = choice.held ? at(real.hands, choice.pick) : undefined
  const issued = at(model.issued, choice.pick)
  if (held !== undefined || issued === undefined) return held
  return await use(model, real, { manager: processOf(real, choice.process), issued })
}

function at<T>(items: readonly T[], index: number): T | undefined {
  return items[items.length === 0 ? 0 : index % items.length]
}

/** While the call was under way: exactly now, unless it had to be repeated. */
function assertNow(model: Reference, real: Journey, instant: number): void {
  assert.ok(instant >= model.now && instant <= real.environment.now(), 'an instant during the call')
}

function processOf(real: Journey, index: number): TestManager {
  return real.processes[index] as TestManager
}

const signIn = fc
  .record({
    subject,
    process: which,
    previous: fc.option(pick, { nil: undefined }),
    remember: fc.boolean(),
    attempt: fc.option(pick, { nil: undefined, freq: 3 }),
    cart: fc.option(fc.nat({ max: 9 }), { nil: undefined }),
    version: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  })
  .map((plan) =>
    command(`signIn(${JSON.stringify(plan)})`, async (model, real) => {
      const begun = plan.attempt === undefined ? undefined : at(real.attempts, plan.attempt)
      await runSignIn(model, real, { ...plan, begun, subject: begun?.attempt.subject ?? plan.subject })
    }),
  )

interface SignInPlan {
  readonly subject: string
  readonly process: number
  readonly previous: number | undefined
  readonly remember: boolean
  readonly begun: Begun | undefined
  readonly cart: number | undefined
  readonly version: number | undefined
}

async function runSignIn(model: Reference, real: Journey, plan: SignInPlan): Promise<void> {
  const previous = presented(model, plan.previous)
  const data = plan.cart === undefined ? {} : { [CARRIED]: plan.cart }
  const attributes =
    plan.version === undefined ? undefined : { version: plan.version, value: { plan: `v${plan.version}` } }
  const wasEmpty = model.liveOf(plan.subject).length === 0
  const result = await processOf(real, plan.process).signIn(plan.begun?.attempt ?? plan.subject, {
    remember: plan.remember,
    data,
    ...(attributes === undefined ? {} : { attributes }),
    previous: previous === undefined ? undefined : { token: previous.token, transport: 'bearer' },
  })
  const taken = previous === undefined || model.verdict(previous) === 'none' ? undefined : previous.stay
  const own = taken?.subject === plan.subject ? taken : undefined
  const refusal = refusalOf(model, plan, own)
  if (result.kind === 'refused') {
    if (result.reason !== 'superseded' || !isKnown(plan, wasEmpty)) assert.equal(result.reason, refusal)
    return
  }
  if (!isKnown(plan, wasEmpty)) assert.equal(refusal, undefined, 'a sign-in that had to be refused')
  const evicted = model.surplus(plan.subject, own)
  assert.deepEqual(result.evicted.toSorted(), evicted.map(({ id }) => id).toSorted(), 'evicted')
  model.end(taken === undefined ? evicted : [...evicted, taken])
  if (taken !== undefined) taken.claimedAt = model.now
  const crosses =
    taken !== undefined && (taken === own || taken.subject === undefined) && CARRIED in taken.data
  if (wasEmpty && Object.keys(result.session.attributes).length === 0) model.attributes.delete(plan.subject)
  if (attributes !== undefined) {
    model.offer(plan.subject, attributes)
    if (wasEmpty && result.session.attributes['plan'] === attributes.value.plan)
      model.attributes.set(plan.subject, attributes)
  }
  const { id, createdAt } = result.session
  assertNow(model, real, createdAt)
  const lifetime = plan.remember ? 'remember' : 'session'
  const carried = crosses ? { [CARRIED]: taken.data[CARRIED] } : {}
  model.begin(
    { id, createdAt, subject: plan.subject, lifetime, aal: 1, data: { ...carried, ...data } },
    result.token,
  )
}

/** Open: a store that forgets a header, and a revocation of everything, make epochs mean something else. */
function isKnown({ begun }: SignInPlan, wasEmpty: boolean): boolean {
  return begun?.maybeForgotten ?? wasEmpty
}

/** What becomes of a claim that is continued is the subject of tests of its own. */
function presented(model: Reference, index: number | undefined): Issued | undefined {
  const issued = index === undefined ? undefined : at(model.issued, index)
  const isContinued = model.now - (issued?.stay.claimedAt ?? Number.NEGATIVE_INFINITY) <= GRACE + SECOND
  return isContinued ? undefined : issued
}

function refusalOf(model: Reference, plan: SignInPlan, own: Stay | undefined): string | undefined {
  const { begun } = plan
  if (begun !== undefined && model.now - begun.startedAt >= ATTEMPT) return 'attempt-expired'
  if (
    begun !== undefined &&
    (begun.everything !== model.everything ||
      begun.revocations !== (model.revocations.get(plan.subject) ?? 0))
  )
    return 'superseded'
  const full = model.limit.policy === 'reject' && model.surplus(plan.subject, own).length > 0
  return full ? 'device-limit' : undefined
}

const beginAttempt = fc.record({ subject, process: which }).map((plan) =>
  command(`attempt(${JSON.stringify(plan)})`, async (model, real) => {
    const attempt = await processOf(real, plan.process).attempt(plan.subject)
    real.attempts.push({
      attempt,
      revocations: model.revocations.get(plan.subject) ?? 0,
      everything: model.everything,
      startedAt: model.now,
      maybeForgotten: model.everything > 0 || model.liveOf(plan.subject).length === 0,
    })
  }),
)

const startAnonymous = fc.record({ process: which, cart: fc.nat({ max: 9 }) }).map((plan) =>
  command(`startAnonymous(${JSON.stringify(plan)})`, async (model, real) => {
    const data = { [CARRIED]: plan.cart, seen: 'shoes' }
    const { session, token } = await processOf(real, plan.process).startAnonymous({ data })
    const { id, createdAt } = session
    model.begin({ id, createdAt, subject: undefined, lifetime: 'anonymous', aal: 0, data }, token)
  }),
)

const change = fc
  .record({
    hand,
    key: fc.constantFrom(CARRIED, 'count', 'other'),
    act: fc.constantFrom('set', 'unset', 'increment', 'update'),
    by: fc.integer({ min: -3, max: 9 }),
  })
  .map((plan) =>
    command(`change(${JSON.stringify(plan)})`, async (model, real) => {
      const found = await inHand(model, real, plan.hand)
      if (found === undefined) return
      const { stay } = found
      const next = { ...stay.data, [plan.key]: plan.by }
      if (plan.act === 'increment') next[plan.key] = Number(stay.data[plan.key] ?? 0) + plan.by
      if (plan.act === 'unset') delete next[plan.key]
      const delta = new Delta()
      if (plan.act === 'set') delta.set(plan.key, plan.by)
      if (plan.act === 'unset') delta.unset(plan.key)
      if (plan.act === 'increment') delta.increment(plan.key, plan.by)
      const manager = processOf(real, plan.hand.process)
      const result =
        plan.act === 'update'
          ? await manager.update(found.session, (data) => void (data[plan.key] = plan.by))
          : await manager.apply(found.session, delta)
      if (!model.lives(stay)) assert.equal(result.kind, 'ended')
      else if (stay.privilege !== found.privilege) assert.equal(result.kind, 'superseded')
      else {
        assert.equal(result.kind, 'changed')
        stay.data = next
      }
    }),
  )

const regenerate = fc.record({ hand, because: fc.constantFrom('age', 'privilege') }).map((plan) =>
  command(`regenerate(${JSON.stringify(plan)})`, async (model, real) => {
    const found = await inHand(model, real, plan.hand)
    if (found === undefined) return
    const { stay, session } = found
    const isLate = stay.generation === found.generation + 1 && model.now < (stay.graceUntil ?? 0)
    const isPrivilege = plan.because === 'privilege'
    const options = { because: plan.because }
    const result = await processOf(real, plan.hand.process).regenerate(session, options)
    if (!model.lives(stay)) assert.equal(result.kind, 'ended')
    else if (isLate && !isPrivilege)
      assert.equal(
        result.kind === 'changed' ? result.token : result.kind,
        model.tokenOf(stay),
        'the winner’s',
      )
    else if (stay.generation !== found.generation && !isLate) assert.equal(result.kind, 'superseded')
    else {
      assert.equal(result.kind, 'changed')
      if (result.kind === 'changed') model.renew(stay, result.token, { grace: !isPrivilege })
    }
  }),
)

const elevate = fc.record({ hand, aal: fc.constantFrom(1, 2, 3) }).map((plan) =>
  command(`elevate(${JSON.stringify(plan)})`, async (model, real) => {
    const found = await inHand(model, real, plan.hand)
    if (found === undefined) return
    const { stay, session } = found
    const elevating = processOf(real, plan.hand.process).elevate(session, { aal: plan.aal })
    if (stay.subject === undefined) return await assert.rejects(elevating, { code: 'NO_SESSION' })
    const result = await elevating
    if (!model.lives(stay)) assert.equal(result.kind, 'ended')
    else if (stay.generation !== found.generation) assert.equal(result.kind, 'superseded')
    else {
      assert.equal(result.kind, 'changed')
      if (result.kind !== 'changed') return
      assertNow(model, real, result.session.authenticatedAt)
      model.elevate(stay, result.token, { aal: plan.aal, at: result.session.authenticatedAt })
    }
  }),
)

const check = fc.record({ process: which, pick }).map((plan) =>
  command(`check(${JSON.stringify(plan)})`, async (model, real) => {
    const issued: Issued | undefined = at(model.issued, plan.pick)
    if (issued !== undefined) await use(model, real, { manager: processOf(real, plan.process), issued })
  }),
)

const revoke = fc.record({ process: which, pick }).map((plan) =>
  command(`revoke(${JSON.stringify(plan)})`, async (model, real) => {
    const stay = at(model.stays, plan.pick)
    if (stay === undefined) return
    assert.equal(await processOf(real, plan.process).revoke(stay.id), model.lives(stay))
    model.end([stay])
  }),
)

const signOut = hand.map((plan) =>
  command(`signOut(${JSON.stringify(plan)})`, async (model, real) => {
    const found = await inHand(model, real, plan)
    if (found === undefined) return
    await processOf(real, plan.process).signOut(found.session)
    model.end([found.stay])
  }),
)

const revokeOthers = hand.map((plan) =>
  command(`revokeOthers(${JSON.stringify(plan)})`, async (model, real) => {
    const found = await inHand(model, real, plan)
    if (found === undefined) return
    const { stay } = found
    const answer = await processOf(real, plan.process).revokeOthers(found.session)
    const others = stay.subject === undefined ? [] : model.liveOf(stay.subject).filter((one) => one !== stay)
    const lives = model.lives(stay)
    assert.equal(answer, lives ? others.length : undefined)
    if (lives) model.endAllBut(stay)
  }),
)

const endAll = fc
  .record({ subject, process: which, how: fc.constantFrom('revokeAll', 'credentialChanged', 'eraseSubject') })
  .map((plan) =>
    command(`${plan.how}(${JSON.stringify(plan)})`, async (model, real) => {
      await processOf(real, plan.process)[plan.how as 'revokeAll'](plan.subject)
      model.endAll(plan.subject)
      if (plan.how === 'eraseSubject') model.attributes.delete(plan.subject)
    }),
  )

const keepOnly = hand.map((plan) =>
  command(`credentialChanged({ keep: ${JSON.stringify(plan)} })`, async (model, real) => {
    const found = await inHand(model, real, plan)
    if (found?.stay.subject === undefined) return
    const { stay } = found
    const manager = processOf(real, plan.process)
    const result = await manager.credentialChanged(found.stay.subject, { keep: found.session })
    const isPresent = stay.generation === found.generation
    assert.equal(result.kind, model.lives(stay) ? (isPresent ? 'changed' : 'superseded') : 'ended')
    model.endAllBut(stay)
    stay.privilege += 1
    if (result.kind === 'changed') model.renew(stay, result.token, { grace: false })
  }),
)

const revokeEverything = fc.record({ process: which }).map((plan) =>
  command(`revokeEverything(${JSON.stringify(plan)})`, async (model, real) => {
    const manager = processOf(real, plan.process)
    await manager.revokeEverything()
    model.end(model.stays)
    model.everything += 1
    for (const { token } of model.issued) assert.equal((await manager.verify(token, 'bearer')).kind, 'none')
    await real.environment.advance(5 * SECOND)
    for (const other of real.processes) await other.list('nobody')
    model.now = real.environment.now()
  }),
)

const setAttributes = fc
  .record({ subject, process: which, version: fc.integer({ min: 1, max: 6 }), other: fc.boolean() })
  .map((plan) =>
    command(`setSubjectAttributes(${JSON.stringify(plan)})`, async (model, real) => {
      if (model.liveOf(plan.subject).length === 0) return
      const offered = { version: plan.version, value: { plan: `${plan.other ? 'w' : 'v'}${plan.version}` } }
      const answer = await processOf(real, plan.process).setSubjectAttributes(plan.subject, offered)
      assert.equal(answer, model.offer(plan.subject, offered))
    }),
  )

const pass = fc
  .constantFrom(
    SECOND,
    29 * SECOND,
    31 * SECOND,
    MINUTE,
    5 * MINUTE,
    9 * MINUTE,
    10 * MINUTE,
    HOUR,
    3 * HOUR,
    DAY,
  )
  .map((ms) =>
    command(`pass(${ms / SECOND} s)`, async (model, real) => {
      await real.environment.advance(ms)
      model.now = real.environment.now()
    }),
  )

const restart = fc.record({ process: which }).map((plan) =>
  command(`restart(${JSON.stringify(plan)})`, async (_, real) => {
    await real.restart(plan.process)
  }),
)

/** Sign-ins, checks and time come up more often than the rest. */
export const COMMANDS: readonly fc.Arbitrary<Command>[] = [
  signIn,
  signIn,
  signIn,
  beginAttempt,
  startAnonymous,
  change,
  change,
  regenerate,
  regenerate,
  elevate,
  check,
  check,
  pass,
  pass,
  revoke,
  signOut,
  revokeOthers,
  endAll,
  keepOnly,
  revokeEverything,
  setAttributes,
  restart,
]
