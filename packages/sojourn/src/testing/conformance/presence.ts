/** Rules about what is there: absence, completeness, and answers that belong to the question. */
import assert from 'node:assert/strict'
import { NO_SESSION, type RosterKey, type SessionNumber } from '../../core/ids.ts'
import {
  type ReadAnswer,
  readsSynchronously,
  type RosterRead,
  type SessionStore,
  type SynchronousReads,
} from '../../core/store.ts'
import {
  expecting,
  makeChange,
  makeCommitId,
  makeHeader,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../builders.ts'
import {
  apply,
  assertAbsent,
  assertRoster,
  comparable,
  given,
  readOf,
  recordOf,
  removalOf,
  rosterOf,
  touchOf,
} from './acts.ts'
import type { StoreRule } from './rule.ts'

export const presenceRules: readonly StoreRule[] = [
  {
    id: 'STORE-01',
    rule: '`read` and `list` answer `undefined` for a roster that is not there, whatever the number.',
    prove: async ({ store, key }) => {
      const absent = key()
      await assertAbsent(store, absent)
      assert.equal(await store.read(absent, NO_SESSION), undefined)
    },
  },
  {
    id: 'STORE-02',
    rule: 'A roster without the wanted record is another answer than no roster: its header, and no record.',
    because:
      'only a present roster proves that a session is over; an absent one may be waiting to be restored',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster)
      for (const number of [makeNumber(3), NO_SESSION]) {
        const answer = await readOf(store, roster, number)
        assert.deepEqual(answer.header, header)
        assert.equal(answer.record, undefined)
        assert.equal(answer.unreadable, undefined)
      }
    },
  },
  {
    id: 'STORE-03',
    rule: 'A present roster is complete: `list` gives its header and every record exactly once.',
    prove: async ({ store, key }) => {
      const roster = key()
      const records = [1, 2, 3, 4, 5].map((index) => makeRecord({ number: makeNumber(index) }))
      await assertRoster(store, roster, await given(store, roster, { records }))
    },
  },
  {
    id: 'STORE-04',
    rule: 'A roster may have a header and no record, from the start or because its last record was removed; it is still there.',
    because: 'a user-wide revocation is remembered by such a header',
    prove: async ({ store, key }) => {
      const [bare, emptied] = [key(), key()]
      await assertRoster(store, bare, await given(store, bare, { records: [] }))
      const record = makeRecord()
      const { header } = await given(store, emptied, { records: [record] })
      await apply(store, emptied, removalOf(header, record))
      await assertRoster(store, emptied, { header, records: [] })
    },
  },
  {
    id: 'STORE-05',
    rule: 'A record is returned only for the key and the number that were asked.',
    because: 'anything else signs one user in as another',
    prove: async ({ store }) => {
      const indices = [1, 2, 3, 4, 5, 6, 7, 8]
      for (const index of indices) {
        const records = indices.map((number) =>
          makeRecord({ number: makeNumber(number), data: Buffer.from(`${index}/${number}`) }),
        )
        await given(store, makeRosterKey(index), {
          header: makeHeader({ subject: `user-${index}` }),
          records,
        })
      }
      const asked = indices.flatMap((roster) => indices.map((number) => ({ roster, number })))
      await Promise.all(
        asked.map(async ({ roster, number }) => {
          const { header, record } = await readOf(store, makeRosterKey(roster), makeNumber(number))
          assert.equal(header.subject, `user-${roster}`)
          assert.equal(record?.number, makeNumber(number))
          assert.equal(Buffer.from(record.data).toString(), `${roster}/${number}`)
        }),
      )
    },
  },
  {
    id: 'STORE-06',
    rule: 'Keys, numbers and document names that differ only in case, or in `-` and `_`, are different.',
    because: 'a collation that folds them serves the wrong session',
    prove: async ({ store }) => {
      const keys = [
        'aaaaaaaaaaaaaaaa',
        'AAAAaaaaaaaaaaaa',
        'aaaaaaaaaaaaAAAA',
        '----------------',
        '________________',
      ] as RosterKey[]
      const numbers = ['aaaaaaaa', 'AAAAaaaa', 'aaaaAAAA', '--------', '________'] as SessionNumber[]
      for (const key of keys) {
        const records = numbers.map((number) => makeRecord({ number, data: Buffer.from(key + number) }))
        await given(store, key, { header: makeHeader({ subject: key }), records })
      }
      for (const key of keys) {
        assert.equal((await rosterOf(store, key)).header.subject, key)
        for (const number of numbers) {
          assert.equal(Buffer.from((await recordOf(store, key, number)).data).toString(), key + number)
        }
      }
      for (const name of ['name', 'Name', 'na-me', 'na_me']) await store.documents.put(name, 'absent', name)
      for (const name of ['name', 'Name', 'na-me', 'na_me'])
        assert.equal((await store.documents.get(name))?.value, name)
    },
  },
  {
    id: 'STORE-07',
    rule: 'Reads do not write: asking for what is absent creates nothing, and reading changes no version and no life.',
    because:
      'unauthenticated requests read; a read that writes fills the store and brings a dead session back',
    prove: async ({ store, key }) => {
      const [absent, present] = [key(), key()]
      await store.read(absent, makeNumber(1))
      await store.list(absent)
      await store.documents.get('nothing')
      await given(store, absent)
      assert.equal(await store.documents.put('nothing', 'absent', ''), 'committed')
      const there = await given(store, present)
      for (let times = 0; times < 3; times++) await assertRoster(store, present, there)
      await apply(store, present, touchOf(there.header, makeRecord()))
    },
  },
  {
    id: 'STORE-08',
    rule: 'A commit is visible to every read that starts after it was answered.',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster, { records: [makeRecord()] })
      for (let version = 1; version <= 20; version++) {
        await apply(store, roster, touchOf(header, makeRecord({ version })))
        assert.equal((await recordOf(store, roster, makeNumber(1))).version, version + 1)
        assert.equal((await rosterOf(store, roster)).records[0]?.version, version + 1)
      }
    },
  },
  {
    id: 'STORE-09',
    rule: 'Where there is a `peek`, it answers what `read` answers, or `ask`, also to whoever brings what it answered before; it answers at once and never throws.',
    prove: async ({ store, key }) => {
      if (!readsSynchronously(store)) return
      const roster = key()
      const assertAgree = peeksAgree(store, roster)
      await assertAgree()
      const { header } = await given(store, roster, { records: [makeRecord()] })
      await assertAgree()
      await apply(store, roster, touchOf(header, makeRecord()))
      await assertAgree()
      await apply(store, roster, makeChange({ expect: expecting(header), header: 'drop' }))
      await assertAgree()
    },
  },
  {
    id: 'STORE-10',
    rule: 'The id of a commit is found, after it, in the header or in the records that it put.',
    because: 'after an unknown outcome it is the only way to tell whether the change was applied',
    prove: async ({ store, key }) => {
      const roster = key()
      const record = makeRecord({ lastCommit: makeCommitId(11) })
      const { header } = await given(store, roster, {
        header: makeHeader({ lastCommit: makeCommitId(11) }),
        records: [record],
      })
      await apply(store, roster, {
        ...touchOf(header, record, { lastCommit: makeCommitId(12) }),
        id: makeCommitId(12),
      })
      const after = await readOf(store, roster, record.number)
      assert.equal(after.header.lastCommit, makeCommitId(11), 'a touch left no trace in the header')
      assert.equal(after.record?.lastCommit, makeCommitId(12))
    },
  },
]

/** With what was answered last brought along. */
function peeksAgree(store: SessionStore & SynchronousReads, roster: RosterKey): () => Promise<void> {
  const known = new Map<SessionNumber, RosterRead>()
  return async () => {
    for (const number of [makeNumber(1), makeNumber(2)]) {
      const peeked = store.peek(roster, number, known.get(number))
      if (peeked === 'ask') continue
      assert.deepEqual(comparableAnswer(peeked), comparableAnswer(await store.read(roster, number)))
      if (typeof peeked === 'object') known.set(number, peeked)
    }
  }
}

function comparableAnswer(answer: ReadAnswer): unknown {
  if (answer === undefined || typeof answer === 'string') return answer
  return { ...answer, record: answer.record && comparable(answer.record) }
}
