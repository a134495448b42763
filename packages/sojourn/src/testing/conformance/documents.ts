/** Rules about the small named documents. The race takes several handles: `sharing.ts` runs it across processes too. */
import assert from 'node:assert/strict'
import type { SessionStore } from '../../core/store.ts'
import type { Seeded } from '../seeded.ts'
import { untilAllCommitted, type Writer } from './interleave.ts'
import type { StoreRule } from './rule.ts'

export const documentRules: readonly StoreRule[] = [
  {
    id: 'STORE-48',
    rule: 'An absent document is `undefined`; the first version is 1, and each put that names the current one makes the next.',
    prove: async ({ store: { documents } }) => {
      assert.equal(await documents.get('ring'), undefined)
      assert.equal(await documents.put('ring', 'absent', 'one'), 'committed')
      assert.deepEqual({ ...(await documents.get('ring')) }, { version: 1, value: 'one' })
      assert.equal(await documents.put('ring', 1, 'two'), 'committed')
      assert.deepEqual({ ...(await documents.get('ring')) }, { version: 2, value: 'two' })
    },
  },
  {
    id: 'STORE-49',
    rule: "A put that expects anything else than what is there answers `'conflict'` and changes nothing.",
    because: 'two nodes that start together must end with one naming key',
    prove: async ({ store: { documents } }) => {
      for (const version of [0, 1, 2]) assert.equal(await documents.put('ring', version, 'x'), 'conflict')
      assert.equal(await documents.get('ring'), undefined)
      await documents.put('ring', 'absent', 'one')
      await documents.put('ring', 1, 'two')
      for (const expected of ['absent', 0, 1, 3] as const)
        assert.equal(await documents.put('ring', expected, 'x'), 'conflict')
      assert.deepEqual({ ...(await documents.get('ring')) }, { version: 2, value: 'two' })
    },
  },
  {
    id: 'STORE-50',
    rule: 'Concurrent read-and-replace of one document loses nothing.',
    prove: ({ store, chance }) => proveNoLostPut([store], chance),
  },
  {
    id: 'STORE-51',
    rule: 'A document comes back as it was put: empty, unicode, and 64 KiB of it; and one changes no other.',
    prove: async ({ store: { documents }, chance }) => {
      const values = {
        empty: '',
        unicode: 'Zoë 用户 👩🏽‍🚀',
        large: chance.bytes(49_152).toString('base64'),
        json: '{"a":[1,"\\u0000"]}',
      }
      for (const [name, value] of Object.entries(values)) await documents.put(name, 'absent', value)
      for (const [name, value] of Object.entries(values))
        assert.equal((await documents.get(name))?.value, value)
    },
  },
]

export async function proveNoLostPut(handles: readonly SessionStore[], chance: Seeded): Promise<void> {
  const writers = Array.from(
    { length: 24 },
    (_, index): Writer =>
      async () => {
        const { documents } = handles[index % handles.length] as SessionStore
        const seen = await documents.get('counter')
        return () => documents.put('counter', seen?.version ?? 'absent', String(Number(seen?.value ?? 0) + 1))
      },
  )
  await untilAllCommitted(writers, chance)
  for (const { documents } of handles)
    assert.deepEqual({ ...(await documents.get('counter')) }, { version: 24, value: '24' })
}
