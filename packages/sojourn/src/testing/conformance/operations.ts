/** Rules about running a store: what it says of itself, load, closing. */
import assert from 'node:assert/strict'
import { SystemError } from '../../core/errors.ts'
import { NO_SESSION } from '../../core/ids.ts'
import { readsSynchronously, type WriteClass } from '../../core/store.ts'
import { makeChange, makeHeader, makeNumber, makeRecord } from '../builders.ts'
import { apply, assertRoster, given, touchOf } from './acts.ts'
import type { StoreRule } from './rule.ts'

const WEAKEST_FIRST: readonly WriteClass[] = ['fast', 'replicated', 'durable']

export const operationRules: readonly StoreRule[] = [
  {
    id: 'STORE-52',
    rule: 'The traits name the store and its write classes, weakest first; a change of any of them is acknowledged in health.',
    prove: async ({ store, key }) => {
      const { name, writeClasses } = store.traits
      assert.notEqual(name, '')
      assert.notEqual(writeClasses.length, 0)
      assert.deepEqual(
        writeClasses,
        WEAKEST_FIRST.filter((known) => writeClasses.includes(known)),
      )
      for (const writeClass of writeClasses) {
        const roster = key()
        await apply(store, roster, makeChange({ header: makeHeader(), put: [makeRecord()], writeClass }))
        await apply(store, roster, { ...touchOf(makeHeader(), makeRecord()), writeClass })
      }
    },
  },
  {
    id: 'STORE-53',
    rule: 'A thousand rosters that are created and touched at once are all there, each with its own content.',
    prove: async ({ store, key }) => {
      const rosters = Array.from({ length: 1_000 }, (_, index) => {
        const record = makeRecord({ number: makeNumber(index + 1), data: Buffer.from(`data of ${index}`) })
        return { roster: key(), header: makeHeader({ subject: `user-${index}` }), record }
      })
      await Promise.all(
        rosters.map(({ roster, header, record }) => given(store, roster, { header, records: [record] })),
      )
      await Promise.all(
        rosters.map(({ roster, header, record }) => apply(store, roster, touchOf(header, record))),
      )
      await Promise.all(
        rosters.map(({ roster, header, record }) =>
          assertRoster(store, roster, { header, records: touchOf(header, record).put }),
        ),
      )
    },
  },
  {
    id: 'STORE-54',
    rule: '`ping` resolves while the store answers.',
    prove: ({ store }) => store.ping(),
  },
  {
    id: 'STORE-55',
    rule: '`close` can be called twice; afterwards every method rejects with `CLOSED`, and a `peek` answers `ask`.',
    because: 'an empty answer from a closed store reads as a logout',
    prove: async ({ store, key }) => {
      const roster = key()
      await given(store, roster)
      await store.close()
      await store.close()
      const calls = {
        read: () => store.read(roster, NO_SESSION),
        list: () => store.list(roster),
        commit: () => store.commit(roster, touchOf(makeHeader(), makeRecord())),
        ping: () => store.ping(),
        'documents.get': () => store.documents.get('ring'),
        'documents.put': () => store.documents.put('ring', 'absent', ''),
      }
      for (const [name, call] of Object.entries(calls)) await assert.rejects(call, isClosed, name)
      if (readsSynchronously(store)) assert.equal(store.peek(roster, makeNumber(1)), 'ask')
    },
  },
]

function isClosed(error: unknown): boolean {
  return error instanceof SystemError && error.code === 'CLOSED'
}
