import { expect, test } from 'vitest'
import { regenerate, signIn, verify } from './histories.fixture.ts'
import { successors } from './successors.ts'

const start = [signIn('s', 0), regenerate('s', 5), regenerate('s', 5, { result: 'refused' })]

test('one line of tokens: nothing to say', () => {
  const history = [
    ...start,
    verify('s', 4),
    verify('s', 10, { generation: 1 }),
    verify('s', 20, { generation: 1 }),
  ]
  expect(successors(history)).toEqual({ regenerated: 1, mostOfOneGeneration: 1, violations: [] })
})

test('two tokens of one generation that are accepted: a fork', () => {
  const fork = verify('s', 20, { token: { generation: 1, mark: 'another' } })
  const found = successors([...start, verify('s', 10, { generation: 1 }), fork])
  expect(found).toMatchObject({ mostOfOneGeneration: 2, violations: [fork] })
})

test('the token before, accepted after the next one was: a violation, unless within the bound', () => {
  const before = verify('s', 20)
  const history = [...start, verify('s', 10, { generation: 1 }), before]
  expect(successors(history).violations).toEqual([before])
  expect(successors(history, { boundMs: () => 100 }).violations).toEqual([])
})

test('the token before, accepted until the next one is known to be good: no violation', () => {
  const next = verify('s', 10, { generation: 1, returnedAt: 30 })
  expect(successors([...start, next, verify('s', 20)]).violations).toEqual([])
})

test('sessions have lines of their own', () => {
  const history = [...start, signIn('t', 0), verify('s', 10, { generation: 1 }), verify('t', 20)]
  expect(successors(history).violations).toEqual([])
})
