import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { createTurns } from './turns.ts'

interface Item {
  readonly name: number
  readonly dueAt: number
}

it('says who is due, and when the next one is, whoever came and went in whatever order', () => {
  const act = fc.record({ name: fc.nat(30), dueAt: fc.nat(20), isAdded: fc.boolean(), now: fc.nat(20) })
  holds(fc.array(act, { maxLength: 200 }), (acts) => {
    const turns = createTurns<Item>()
    const model = new Map<number, Item>()
    for (const { name, dueAt, isAdded, now } of acts) {
      const known = model.get(name)
      if (known !== undefined) turns.delete(known)
      model.delete(name)
      if (isAdded) {
        const item = { name, dueAt }
        model.set(name, item)
        turns.add(item)
      }
      const items = [...model.values()]
      expect(new Set(turns.due(now))).toEqual(new Set(items.filter((item) => item.dueAt <= now)))
      expect(turns.nextAt()).toBe(Math.min(...items.map((item) => item.dueAt)))
      expect(turns.all()).toEqual(items)
    }
  })
})

it('forgets one that was never added, and one twice', () => {
  const turns = createTurns<Item>()
  const [ada, bob] = [1, 2].map((name) => ({ name, dueAt: name }))
  if (ada === undefined || bob === undefined) throw new Error('Two were made.')
  turns.add(ada)
  turns.delete(bob)
  turns.delete(ada)
  turns.delete(ada)
  expect([turns.all(), turns.nextAt()]).toEqual([[], Number.POSITIVE_INFINITY])
})
