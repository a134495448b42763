/** Rules about writers that meet. The bodies take several handles: `sharing.ts` runs them across processes too. */
import assert from 'node:assert/strict'
import type { RosterKey } from '../../core/ids.ts'
import type { StoredSession } from '../../core/roster.ts'
import type { SessionStore } from '../../core/store.ts'
import { expecting, makeChange, makeHeader, makeIncarnation, makeNumber, makeRecord } from '../builders.ts'
import type { Seeded } from '../seeded.ts'
import {
  apply,
  assertAbsent,
  assertRoster,
  given,
  headerChangeOf,
  readOf,
  recordOf,
  removalOf,
  rosterOf,
  touchOf,
} from './acts.ts'
import { atOnce, countOf, untilAllCommitted, type Writer } from './interleave.ts'
import type { StoreRule } from './rule.ts'

export interface Race {
  /** One store, or several handles on the same data: the writers take turns. */
  readonly handles: readonly SessionStore[]
  readonly roster: RosterKey
  readonly chance: Seeded
}

export const raceRules: readonly StoreRule[] = [
  {
    id: 'STORE-30',
    rule: "Of a hundred writers that create the same roster at once, one wins, and the roster is all the winner's.",
    prove: ({ store, key, chance }) => proveOneCreator({ handles: [store], roster: key(), chance }),
  },
  {
    id: 'STORE-31',
    rule: 'Concurrent read-and-replace of one record loses nothing, whatever the order.',
    because: 'a lost update is a cart without its book, or a session without its elevation',
    prove: ({ store, key, chance }) => proveNoLostIncrement({ handles: [store], roster: key(), chance }),
  },
  {
    id: 'STORE-32',
    rule: 'Changes to different records of one roster do not disturb each other: all are committed.',
    because: 'all devices of a subject touch at once, and none may fail for it',
    prove: ({ store, key, chance }) => proveIndependentTouches({ handles: [store], roster: key(), chance }),
  },
  {
    id: 'STORE-33',
    rule: 'A roster never has more members than any admission allowed, however many admit at once.',
    because: 'this is the device limit',
    prove: ({ store, key, chance }) => proveDeviceLimit({ handles: [store], roster: key(), chance }),
  },
  {
    id: 'STORE-34',
    rule: 'A removal that names the version it saw loses to a touch in between.',
    because: 'a session that was used at the last moment has not expired',
    prove: async ({ store, key }) => {
      const roster = key()
      const record = makeRecord()
      const { header } = await given(store, roster, { records: [record] })
      const removal = removalOf(header, record)
      await apply(store, roster, touchOf(header, record))
      assert.equal(await store.commit(roster, removal), 'conflict')
      await assertRoster(store, roster, { header, records: touchOf(header, record).put })
    },
  },
  {
    id: 'STORE-35',
    rule: 'A raised epoch beats every change in flight that was made under the old one.',
    because: 'this is how one write signs a subject out everywhere',
    prove: ({ store, key, chance }) => proveEpochBeatsChanges({ handles: [store], roster: key(), chance }),
  },
  {
    id: 'STORE-36',
    rule: 'When a drop and changes to the roster meet, the roster is absent afterwards, and a change that was late says so.',
    prove: async ({ store, key, chance }) => {
      for (let times = 0; times < 10; times++) {
        const roster = key()
        const records = Array.from({ length: 10 }, (_, index) =>
          makeRecord({ number: makeNumber(index + 1) }),
        )
        const { header } = await given(store, roster, { records })
        const drop = makeChange({ expect: expecting(header), header: 'drop' })
        const changes = chance.shuffled([drop, ...records.map((record) => touchOf(header, record))])
        const answers = await atOnce(changes.map((change) => () => store.commit(roster, change)))
        assert.equal(answers[changes.indexOf(drop)], 'committed')
        assert.equal(countOf(answers, 'committed') + countOf(answers, 'gone'), changes.length)
        await assertAbsent(store, roster)
      }
    },
  },
  {
    id: 'STORE-37',
    rule: 'A reader sees the header and the records of one moment, never half of a commit.',
    because: 'a new epoch with an old record, or the reverse, decides for a state that never was',
    prove: ({ store, key, chance }) => proveWholeReads({ handles: [store], roster: key(), chance }),
  },
]

export async function proveOneCreator({ handles, roster, chance }: Race): Promise<void> {
  const creators = Array.from({ length: 100 }, (_, index) => ({
    header: makeHeader({ incarnation: makeIncarnation(index + 1), subject: `creator-${index}` }),
    records: [1, 2].map((number) =>
      makeRecord({ number: makeNumber(number), data: Buffer.from(`creator-${index}`) }),
    ),
  }))
  const order = chance.shuffled(creators)
  const answers = await atOnce(
    order.map(
      ({ header, records }, index) =>
        () =>
          turnOf(handles, index).commit(roster, makeChange({ header, put: records })),
    ),
  )
  assert.equal(countOf(answers, 'committed'), 1)
  assert.equal(countOf(answers, 'conflict'), 99)
  const winner = order[answers.indexOf('committed')]
  assert.ok(winner)
  for (const store of handles) await assertRoster(store, roster, winner)
}

export async function proveNoLostIncrement({ handles, roster, chance }: Race): Promise<void> {
  const record = makeRecord({ data: Buffer.from('0') })
  await given(turnOf(handles, 0), roster, { records: [record] })
  const writers = Array.from(
    { length: 24 },
    (_, index): Writer =>
      async () => {
        const store = turnOf(handles, index)
        const { header, record: seen } = await readOf(store, roster, record.number)
        assert.ok(seen)
        const data = Buffer.from(String(countIn(seen) + 1))
        return () => store.commit(roster, touchOf(header, seen, { data }))
      },
  )
  await untilAllCommitted(writers, chance)
  for (const store of handles)
    assert.equal(countIn(await recordOf(store, roster, record.number)), writers.length)
}

export async function proveIndependentTouches({ handles, roster, chance }: Race): Promise<void> {
  const records = Array.from({ length: 32 }, (_, index) => makeRecord({ number: makeNumber(index + 1) }))
  const { header } = await given(turnOf(handles, 0), roster, { records })
  const touches = records.map((record) => touchOf(header, record))
  const answers = await atOnce(
    chance.shuffled(touches).map((touch, index) => () => turnOf(handles, index).commit(roster, touch)),
  )
  assert.equal(countOf(answers, 'committed'), touches.length)
  for (const store of handles)
    await assertRoster(store, roster, { header, records: touches.flatMap(({ put }) => put) })
}

export async function proveDeviceLimit({ handles, roster, chance }: Race): Promise<void> {
  const limit = 3
  await given(turnOf(handles, 0), roster, { records: [] })
  const writers = Array.from(
    { length: 20 },
    (_, index): Writer =>
      async () => {
        const store = turnOf(handles, index)
        const { header, records } = await rosterOf(store, roster)
        assert.ok(records.length <= limit, `${records.length} members where ${limit} are allowed`)
        const newcomer = makeRecord({ number: makeNumber(index + 1) })
        const evicted = records.length < limit ? [] : records.slice(0, 1)
        const remove = evicted.map(({ number, absoluteDeadline }) => ({
          number,
          why: 'evicted' as const,
          absoluteDeadline,
        }))
        const expect = {
          ...expecting(header, evicted),
          records: [{ number: newcomer.number, version: 'absent' as const }],
        }
        return () =>
          store.commit(
            roster,
            makeChange({
              expect,
              header: { ...header, version: header.version + 1 },
              put: [newcomer],
              remove,
            }),
          )
      },
  )
  await untilAllCommitted(writers, chance)
  const { header, records } = await rosterOf(turnOf(handles, 0), roster)
  assert.equal(records.length, limit)
  assert.equal(header.version, 1 + writers.length)
}

export async function proveEpochBeatsChanges({ handles, roster, chance }: Race): Promise<void> {
  const store = turnOf(handles, 0)
  const { header, records } = await given(store, roster)
  const inFlight = records.flatMap((record) => [
    touchOf(header, record),
    removalOf(header, record),
    makeChange({ expect: expecting(header), put: [makeRecord({ number: makeNumber(9) })] }),
    headerChangeOf(header, { subject: 'eve' }),
  ])
  const revocation = headerChangeOf(header, { epoch: header.epoch + 1 })
  await apply(store, roster, revocation)
  const answers = await atOnce(
    chance.shuffled(inFlight).map((change, index) => () => turnOf(handles, index + 1).commit(roster, change)),
  )
  assert.equal(countOf(answers, 'conflict'), inFlight.length)
  for (const handle of handles) await assertRoster(handle, roster, { header: revocation.header, records })
}

export async function proveWholeReads({ handles, roster, chance }: Race): Promise<void> {
  const numbers = [makeNumber(1), makeNumber(2)]
  const first = await given(turnOf(handles, 0), roster)
  let { header } = first
  let records = first.records
  for (let round = 0; round < 40; round++) {
    const next = { ...header, version: header.version + 1 }
    const put = records.map((record) => ({ ...record, version: record.version + 1 }))
    const change = makeChange({ expect: expecting(header, records), header: next, put })
    const reads = Array.from(
      { length: 8 },
      (_, index) => () => assertOneMoment(turnOf(handles, index + 1), roster, numbers),
    )
    await atOnce(chance.shuffled([() => apply(turnOf(handles, 0), roster, change), ...reads]))
    header = next
    records = put
  }
}

async function assertOneMoment(
  store: SessionStore,
  roster: RosterKey,
  numbers: readonly StoredSession['number'][],
): Promise<void> {
  const [listed, ...reads] = await Promise.all([
    rosterOf(store, roster),
    ...numbers.map((number) => readOf(store, roster, number)),
  ])
  for (const { version } of listed.records)
    assert.equal(version, listed.header.version, 'list mixed two moments')
  for (const { header, record } of reads)
    assert.equal(record?.version, header.version, 'read mixed two moments')
}

function turnOf(handles: readonly SessionStore[], index: number): SessionStore {
  return handles[index % handles.length] as SessionStore
}

function countIn(record: StoredSession): number {
  return Number(Buffer.from(record.data).toString())
}
