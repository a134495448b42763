// Since when a document is known to be so. A port whose answers the test writes: a heartbeat has to hang.
import { expect, test } from 'vitest'
import type { Instant } from '../../core/instant.ts'
import { turn } from '../../environment/turn.ts'
import { held, setUp } from './fence-port.fixture.ts'
import { type RedisStore, redisStore } from './index.ts'

const DOCUMENT = [Buffer.from('1'), Buffer.from('{}')]

test('a document is as old as the heartbeat that it stands on, also one that was on its way when it was asked for', async () => {
  const { environment, port } = setUp()
  const store = redisStore({ redis: port, environment, tags: 1 })
  const beat = held()
  port.answer = ({ name, healthy }) => (name === 'HMGET' ? DOCUMENT : beat.promise.then(healthy))
  expect(asOf(store), 'it is known from when it is asked').toBeUndefined()
  const first = store.documents.get('deployment')
  await environment.advance(1_900)
  expect(asOf(store)).toMatchObject({ monotonic: 0 })
  const second = store.documents.get('deployment')
  beat.release()
  await turn()
  expect(await Promise.all([first, second])).toEqual([
    { version: 1, value: '{}' },
    { version: 1, value: '{}' },
  ])
  expect(asOf(store)).toMatchObject({ monotonic: 0 })
  await store.close()
})

function asOf({ documents }: RedisStore): Instant | undefined {
  return documents.asOf?.()
}
