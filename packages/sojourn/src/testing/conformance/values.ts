/** Rules about values: everything comes back as it was put, and belongs to nobody else. */
import assert from 'node:assert/strict'
import type { Aal, LifetimeName, RosterHeader, StoredSession } from '../../core/roster.ts'
import {
  makeCommitId,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../builders.ts'
import { apply, assertRoster, given, readOf, touchOf } from './acts.ts'
import type { RuleWorld, StoreRule } from './rule.ts'

const U16 = 2 ** 16 - 1
const U24 = 2 ** 24 - 1
const U32 = 2 ** 32 - 1
const U48 = 2 ** 48 - 1
const HASH = Buffer.alloc(32, 0xff).toString('base64url')
const UNICODE = 'Zoë 用户 مستخدم 👩🏽‍🚀 ﬀ é'

export const valueRules: readonly StoreRule[] = [
  {
    id: 'STORE-41',
    rule: 'Every field of a header comes back as it was put: empty, absent, unicode, and the largest values.',
    prove: async (world) => {
      const attributes = { version: 1, setAt: 0, json: '{}' }
      await provesHeaders(world, [
        { subject: undefined, realm: UNICODE, attributes: undefined },
        { subject: '', realm: '', attributes },
        {
          subject: UNICODE,
          state: 'restoring',
          attributes: { version: U32, setAt: U48, json: JSON.stringify({ name: UNICODE }) },
        },
        {
          version: U32,
          epoch: U32,
          term: U48,
          globalEpoch: U48,
          incarnation: makeIncarnation(U48),
          lastCommit: makeCommitId(U48),
        },
        {
          version: 0,
          epoch: 0,
          term: 0,
          globalEpoch: 0,
          incarnation: makeIncarnation(0),
          lastCommit: makeCommitId(0),
        },
        {
          subject: 's'.repeat(512),
          attributes: { ...attributes, json: JSON.stringify({ roles: 'r'.repeat(4096) }) },
        },
      ])
    },
  },
  {
    id: 'STORE-42',
    rule: 'Every field of a record comes back as it was put: empty, absent, unicode, and the largest values.',
    prove: async (world) => {
      const instants = (at: number): Partial<StoredSession> => ({
        secretAt: at,
        createdAt: at,
        authenticatedAt: at,
        seenAt: at,
        idleDeadline: at,
        absoluteDeadline: at,
      })
      const noDevice = { label: '', address: '', userAgentHash: '' }
      await provesRecords(world, [
        {
          ...instants(U48),
          version: U32,
          epoch: U32,
          privilege: U16,
          generation: U24,
          secretHash: HASH,
          lastCommit: makeCommitId(U48),
        },
        { ...instants(0), version: 0, lastCommit: makeCommitId(0) },
        {
          createdAt: U48,
          secretAt: 1,
          authenticatedAt: 1,
          seenAt: 0,
          idleDeadline: U48,
          absoluteDeadline: 0,
        },
        { authenticatedAt: 0, aal: 0, lifetime: 'anonymous', acr: '', amr: [], device: noDevice },
        {
          acr: UNICODE,
          amr: ['', 'pwd', UNICODE],
          device: { label: UNICODE, address: '2001:db8::ffff:192.0.2.1', userAgentHash: '' },
        },
        { grace: { previousHash: HASH, sealed: Buffer.alloc(0), endsAt: 0 } },
        { grace: { previousHash: HASH, sealed: Buffer.alloc(300, 0xff), endsAt: U48 }, claim: undefined },
        {
          claim: {
            roster: makeRosterKey(U48),
            number: makeNumber(U48),
            endsAt: U48,
            sealed: Buffer.alloc(300, 0xff),
          },
          grace: undefined,
        },
      ])
    },
  },
  {
    id: 'STORE-43',
    rule: 'Every combination of assurance level and lifetime comes back as it was put.',
    prove: async (world) => {
      const levels: readonly Aal[] = [0, 1, 2, 3]
      const lifetimes: readonly LifetimeName[] = ['anonymous', 'session', 'remember']
      await provesRecords(
        world,
        levels.flatMap((aal) => lifetimes.map((lifetime) => ({ aal, lifetime }))),
      )
    },
  },
  {
    id: 'STORE-44',
    rule: 'Data comes back byte for byte: empty, with every byte value, and 64 KiB of it.',
    prove: async (world) => {
      const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      const view = new Uint8Array(Buffer.concat([every, every]).buffer, 3, 200)
      await provesRecords(
        world,
        [Buffer.alloc(0), every, view, Buffer.alloc(1), world.chance.bytes(65_536)].map((data) => ({ data })),
      )
    },
  },
  {
    id: 'STORE-45',
    rule: 'A roster holds 256 records, and gives each of them and all of them.',
    prove: async ({ store, key }) => {
      const roster = key()
      const records = Array.from({ length: 256 }, (_, index) =>
        makeRecord({ number: makeNumber(index + 1), data: Buffer.from(`${index}`) }),
      )
      const { header } = await given(store, roster, { records })
      await assertRoster(store, roster, { header, records })
    },
  },
  {
    id: 'STORE-46',
    rule: 'What was passed in can be changed afterwards without changing what is stored.',
    because: 'a buffer that its owner reuses would write into a session',
    prove: async ({ store, key }) => {
      const roster = key()
      const [passed, expected] = [mutable(), mutable()]
      await given(store, roster, passed)
      scribbleOver(passed)
      await assertRoster(store, roster, expected)
      const [touch, meant] = [
        touchOf(expected.header, mutable().records[0]!),
        touchOf(expected.header, mutable().records[0]!),
      ]
      await apply(store, roster, touch)
      for (const record of touch.put) scribble(record)
      await assertRoster(store, roster, { header: expected.header, records: meant.put })
    },
  },
  {
    id: 'STORE-47',
    rule: 'What was handed out can be changed, or refuses to be, without changing what is stored.',
    because: 'one request would see what another made of it',
    prove: async ({ store, key }) => {
      const roster = key()
      await given(store, roster, mutable())
      const listed = await store.list(roster)
      assert.ok(typeof listed === 'object')
      scribbleOver(listed)
      const { header, record } = await readOf(store, roster, makeNumber(1))
      scribbleOver({ header, records: record === undefined ? [] : [record] })
      await assertRoster(store, roster, mutable())
    },
  },
]

async function provesHeaders(
  { store, key }: RuleWorld,
  cases: readonly Partial<RosterHeader>[],
): Promise<void> {
  for (const fields of cases) {
    const roster = key()
    await assertRoster(store, roster, await given(store, roster, { header: makeHeader(fields), records: [] }))
  }
}

async function provesRecords(
  { store, key }: RuleWorld,
  cases: readonly Partial<StoredSession>[],
): Promise<void> {
  const roster = key()
  const records = cases.map((fields, index) => makeRecord({ ...fields, number: makeNumber(index + 1) }))
  await assertRoster(store, roster, await given(store, roster, { records }))
}

function mutable(): { readonly header: RosterHeader; readonly records: readonly StoredSession[] } {
  const attributes = { version: 1, setAt: 1, json: '{"role":"user"}' }
  const grace = { previousHash: HASH, sealed: Buffer.alloc(61, 5), endsAt: 9 }
  const claim = { roster: makeRosterKey(8), number: makeNumber(8), endsAt: 11, sealed: Buffer.alloc(62, 7) }
  return { header: makeHeader({ attributes }), records: [makeRecord({ grace, claim })] }
}

function scribbleOver({
  header,
  records,
}: {
  readonly header: RosterHeader
  readonly records: readonly StoredSession[]
}): void {
  scribble(header)
  for (const record of records) scribble(record)
  tryTo(() => (records as StoredSession[]).pop())
}

/** Writes nonsense over every field, as deep as it goes. */
function scribble(target: object): void {
  if (target instanceof Uint8Array) target.fill(0x2a)
  else if (Array.isArray(target)) tryTo(() => target.push('scribbled'))
  else for (const name of Object.keys(target)) scribbleField(target as Record<string, unknown>, name)
}

function scribbleField(target: Record<string, unknown>, name: string): void {
  const value = target[name]
  if (typeof value === 'object' && value !== null) scribble(value)
  tryTo(() => {
    target[name] = 'scribbled'
  })
}

function tryTo(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof TypeError, 'a frozen value refuses with a TypeError')
  }
}
