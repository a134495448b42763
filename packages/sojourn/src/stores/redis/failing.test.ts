// What a server in trouble answers, and what the store makes of it. Every trouble is a real one.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { startRedis } from 'sojourn-test-programs'
import { expect, test } from 'vitest'
import { turn } from '../../environment/turn.ts'
import type { SystemCode } from '../../core/errors.ts'
import { expecting, makeChange, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { isDoubtful } from '../../core/writing/landing.ts'
import { afterTest, HEADER, KEY, openPort, openStore, PLACE, RECORD, withSession } from './redis.fixture.ts'

const NEXT = { ...RECORD, version: 2 }
const TOUCH = makeChange({ expect: expecting(HEADER, [RECORD]), put: [NEXT] })
const HERE = { header: HEADER, records: [RECORD], unreadable: [] }
const PATIENT_MS = 30_000

interface Refusal {
  readonly code: SystemCode
  readonly retryable: boolean
  /** Whether the change may have been applied. */
  readonly doubtful: boolean
}

const FULL: Refusal = { code: 'STORE_FULL', retryable: true, doubtful: false }
const READ_ONLY: Refusal = { code: 'STORE_READ_ONLY', retryable: true, doubtful: false }
const DENIED: Refusal = { code: 'STORE_DENIED', retryable: false, doubtful: false }
const FOREIGN: Refusal = { code: 'STORE_FOREIGN', retryable: false, doubtful: false }
const UNSUPPORTED: Refusal = { code: 'STORE_UNSUPPORTED', retryable: false, doubtful: false }
const UNAVAILABLE: Refusal = { code: 'STORE_UNAVAILABLE', retryable: true, doubtful: true }

async function refusal(call: Promise<unknown>): Promise<Refusal & { readonly text: string }> {
  const error = await call.then(
    (answer) => expect.unreachable(`answered ${inspect(answer)}`),
    (thrown: unknown) => thrown,
  )
  const { code, retryable, message } = error as Refusal & { message: string }
  const text = inspect(error, { depth: 9 })
  expect(message).toMatch(/[.)]$/)
  for (const secret of [HEADER.subject, RECORD.secretHash, RECORD.device.label, 'cart', KEY])
    expect(text).not.toContain(secret)
  return { code, retryable, doubtful: isDoubtful(error), text }
}

/** Asks again and again until it is refused so: the server takes a moment to get there. */
async function untilRefused(call: () => Promise<unknown>, word: string): Promise<Refusal> {
  for (;;) {
    await turn()
    const isAnswered = await call().then(
      () => true,
      () => false,
    )
    const found = isAnswered ? undefined : await refusal(call()).catch(() => undefined)
    if (found?.text.includes(word) === true) return found
  }
}

test('memory that is full refuses what makes a roster larger or newer, whole, and nothing else', async () => {
  const { server, store } = await withSession()
  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  const admission = makeChange({
    expect: { ...expecting(HEADER), records: [{ number: makeNumber(2), version: 'absent' }] },
    header: { ...HEADER, version: 2 },
    put: [makeRecord({ number: makeNumber(2) })],
    remove: [{ number: RECORD.number, why: 'evicted', absoluteDeadline: 0 }],
  })
  expect(await refusal(store.commit(KEY, admission))).toMatchObject(FULL)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(FULL)
  expect(
    await refusal(store.commit(makeRosterKey(2), makeChange({ header: HEADER, put: [RECORD] }))),
  ).toMatchObject(FULL)
  expect(await refusal(store.commit(KEY, { ...TOUCH, header: { ...HEADER, version: 2 } }))).toMatchObject(
    FULL,
  )
  expect(await refusal(store.documents.put('ring', 'absent', 'x'))).toMatchObject(FULL)
  expect(await store.list(KEY)).toEqual(HERE)
  expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
})

test('memory that is full stops no revocation', async () => {
  const { server, store } = await withSession()
  const [other, third, none] = [makeRosterKey(2), makeRosterKey(3), makeRosterKey(4)]
  for (const roster of [other, third])
    await store.commit(roster, makeChange({ header: HEADER, put: [RECORD] }))
  await store.documents.put('deployment', 'absent', 'epoch 0')
  await server.cli('CONFIG', 'SET', 'maxmemory', '1')
  const one = makeChange({
    expect: expecting(HEADER),
    header: { ...HEADER, version: 2 },
    remove: [{ number: RECORD.number, why: 'revoked', absoluteDeadline: 0 }],
  })
  const allButOne = makeChange({
    expect: expecting(HEADER, [RECORD]),
    header: { ...HEADER, version: 2, epoch: 1 },
    put: [{ ...NEXT, epoch: 1 }],
  })
  expect(await store.commit(KEY, one)).toBe('committed')
  expect(await store.commit(other, allButOne)).toBe('committed')
  expect(await store.commit(third, makeChange({ expect: expecting(HEADER), header: 'drop' }))).toBe(
    'committed',
  )
  expect(await store.commit(none, makeChange({ header: { ...HEADER, epoch: 1 } }))).toBe('committed')
  const confirmation = makeChange({
    expect: expecting({ ...HEADER, epoch: 1 }),
    header: { ...HEADER, epoch: 1 },
  })
  expect(await store.commit(none, confirmation)).toBe('committed')
  expect(await store.documents.put('deployment', 1, 'epoch 1')).toBe('committed')
  expect(await store.list(other)).toMatchObject({ header: { epoch: 1 }, records: [{ version: 2 }] })
  expect(await store.list(none)).toMatchObject({ header: { epoch: 1 }, records: [] })
})

test('a disk that cannot be saved to refuses writes, and reads go on', async () => {
  const { server, store } = await withSession({ config: ['enable-protected-configs yes'] })
  const folder = join(server.folder, 'gone')
  mkdirSync(folder)
  await server.cli('CONFIG', 'SET', 'dir', folder)
  rmSync(folder, { recursive: true })
  await server.cli('CONFIG', 'SET', 'save', '3600 1')
  // It would refuse to end before it has saved.
  afterTest(() => server.kill())
  await server.cli('BGSAVE')
  while (!(await server.cli('INFO', 'persistence')).includes('rdb_last_bgsave_status:err'));
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(READ_ONLY)
  expect(await store.list(KEY)).toEqual(HERE)
})

test('too few replicas refuse writes, and reads go on', async () => {
  const { server, store } = await withSession()
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(READ_ONLY)
  expect(await refusal(store.documents.put('ring', 'absent', 'x'))).toMatchObject(READ_ONLY)
  expect(await store.list(KEY)).toEqual(HERE)
})

test('a server that became a replica refuses writes', async () => {
  const { server, store } = await withSession()
  await server.cli('REPLICAOF', '127.0.0.1', '1')
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(READ_ONLY)
})

test('a replica without its primary that does not serve old data is unavailable', async () => {
  const { server, store } = await withSession()
  await server.cli('CONFIG', 'SET', 'replica-serve-stale-data', 'no')
  await server.cli('REPLICAOF', '127.0.0.1', '1')
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(UNAVAILABLE)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(UNAVAILABLE)
})

test('a user without a permission is denied', async () => {
  const { server, store } = await withSession({ users: ['default on nopass ~* &* +@all'] })
  await server.cli('ACL', 'SETUSER', 'default', '-hmget')
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(DENIED)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(UNAVAILABLE)
  await server.cli('ACL', 'SETUSER', 'default', '+hmget', 'resetkeys', '~other:*')
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(DENIED)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(DENIED)
})

test('a script that is stopped inside is not taken for one that wrote nothing', async () => {
  const { server, store } = await withSession({ users: ['default on nopass ~* &* +@all'] })
  await server.cli('ACL', 'SETUSER', 'default', 'resetchannels')
  const stopped = await refusal(store.commit(KEY, TOUCH))
  expect(stopped).toMatchObject(UNAVAILABLE)
  expect(stopped.text).toContain('a part of its work')
  expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: { version: 2 } })
})

test('the user that the decision record describes may do everything that the store does', async () => {
  const user =
    'default on nopass ~sojourn:* &sojourn:* -@all +hello +client +hmget +hgetall +evalsha +eval +hget +hset +hdel +exists +unlink +pexpire +publish +spublish +set +get +wait +ping'
  const { store } = await withSession({ users: [user] })
  expect(await store.list(KEY)).toEqual(HERE)
  expect(await store.commit(KEY, TOUCH)).toBe('committed')
  const remove = [{ number: RECORD.number, why: 'revoked' as const, absoluteDeadline: 0 }]
  expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), remove }))).toBe('committed')
  expect(await store.documents.put('ring', 'absent', 'x')).toBe('committed')
  expect(await store.documents.put('ring', 1, 'y')).toBe('committed')
  await store.ping()
})

test('a password that is missing is denied', async () => {
  const server = await startRedis({ users: ['default on >secret ~* &* +@all'] })
  const store = openStore(openPort(server))
  try {
    expect(await untilRefused(() => store.ping(), 'NOAUTH')).toMatchObject(DENIED)
  } finally {
    await server.stop()
  }
})

test('a command that the server does not have is said to be missing, without its arguments', async () => {
  const { store } = await withSession({ config: ['rename-command HGETALL ""', 'rename-command HDEL ""'] })
  expect(await refusal(store.list(KEY))).toMatchObject(UNSUPPORTED)
})

test('a script that needs a command which the server does not have says so', async () => {
  const { store, server } = await withSession({ config: ['rename-command HDEL ""'] })
  const remove = [{ number: RECORD.number, why: 'revoked' as const, absoluteDeadline: 0 }]
  expect(await refusal(store.commit(KEY, makeChange({ expect: expecting(HEADER), remove })))).toMatchObject(
    UNAVAILABLE,
  )
  expect(await server.cli('HLEN', PLACE)).toBe('2')
})

test('what somebody else put at our key is left as it is', async () => {
  const { server, store } = await withSession()
  await server.cli('SET', PLACE, 'theirs')
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(FOREIGN)
  expect(await refusal(store.list(KEY))).toMatchObject(FOREIGN)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(FOREIGN)
  expect(await refusal(store.commit(KEY, makeChange({ header: HEADER, put: [RECORD] })))).toMatchObject(
    FOREIGN,
  )
  expect(await server.cli('GET', PLACE)).toBe('theirs')
})

test('a server that is kept busy by a script is unavailable until it is killed', {
  timeout: PATIENT_MS,
}, async () => {
  const { server, store } = await withSession({ config: ['busy-reply-threshold 1'] })
  const loop = server.cli('EVAL', 'while true do end', '0').catch(() => 'killed')
  expect(await untilRefused(() => store.commit(KEY, TOUCH), 'BUSY')).toMatchObject(UNAVAILABLE)
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(UNAVAILABLE)
  await server.cli('SCRIPT', 'KILL')
  expect(await loop).toBe('killed')
  expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: { number: RECORD.number } })
})

test('a server that is loading its data is unavailable until it has', { timeout: PATIENT_MS }, async () => {
  const { server, store } = await withSession({ config: ['loading-process-events-interval-bytes 1024'] })
  await server.cli('DEBUG', 'POPULATE', '2000', 'filler', '100')
  await server.cli('CONFIG', 'SET', 'key-load-delay', '1000')
  const reload = server.cli('DEBUG', 'RELOAD')
  expect(await untilRefused(() => store.read(KEY, RECORD.number), 'LOADING')).toMatchObject(UNAVAILABLE)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(UNAVAILABLE)
  await server.cli('CONFIG', 'SET', 'key-load-delay', '0')
  await reload
  expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
})

test('a slot that nobody serves is unavailable', async () => {
  const server = await startRedis({ config: ['cluster-enabled yes'] })
  const store = openStore(openPort(server))
  try {
    expect(await untilRefused(() => store.commit(KEY, TOUCH), 'CLUSTERDOWN')).toMatchObject(UNAVAILABLE)
  } finally {
    await server.stop()
  }
})

test('a server that is gone is unavailable, and is asked again when it is back', {
  timeout: PATIENT_MS,
}, async () => {
  const { server, store } = await withSession({ appendonly: true })
  await server.kill()
  expect(await refusal(store.read(KEY, RECORD.number))).toMatchObject(UNAVAILABLE)
  expect(await refusal(store.commit(KEY, TOUCH))).toMatchObject(UNAVAILABLE)
  await server.restart()
  while (
    !(await store.ping().then(
      () => true,
      () => false,
    ))
  )
    await turn()
  expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
  expect(await store.commit(KEY, TOUCH)).toBe('committed')
})
