import { expect, it } from 'vitest'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { createEvents } from './events.ts'

it('a listener given twice is told twice, and once after one of them is removed', () => {
  const events = createEvents(fakeEnvironment())
  const told: number[] = []
  const listener = ({ globalEpoch }: { readonly globalEpoch: number }): void => void told.push(globalEpoch)
  events.on('deployment.revoked', listener)
  const remove = events.on('deployment.revoked', listener)
  events.emit('deployment.revoked', { globalEpoch: 1 })
  expect(told).toEqual([1, 1])
  remove()
  remove()
  events.emit('deployment.revoked', { globalEpoch: 2 })
  expect(told).toEqual([1, 1, 2])
})

it('a listener that fails, at once or later, is logged and stops nobody', async () => {
  const environment = fakeEnvironment()
  const events = createEvents(environment)
  const told: string[] = []
  events.on('store.unavailable', () => {
    throw new Error('at once')
  })
  const later = (): unknown => Promise.reject(new Error('later'))
  events.on('store.unavailable', later)
  events.on('store.unavailable', ({ code }) => void told.push(code))
  events.emit('store.unavailable', { code: 'CLOSED' })
  await environment.advance(1)
  expect(told).toEqual(['CLOSED'])
  expect(environment.logs.map(({ fields }) => fields)).toEqual([
    { event: 'store.unavailable' },
    { event: 'store.unavailable' },
  ])
})
