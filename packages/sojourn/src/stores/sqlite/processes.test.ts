import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Roster } from '../../core/roster.ts'
import { makeChange, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import {
  freshPath,
  HEADER,
  KEY,
  openStore,
  RECORD,
  startProcess,
  storeWithSession,
  valueOf,
} from './files.fixture.ts'

const SLOW = 60_000

test('increments by several processes lose nothing', { timeout: SLOW }, async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  const children = Array.from({ length: 3 }, () => startProcess(['increment', path, '300']))
  expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0])
  expect(await store.list(KEY)).toMatchObject({ header: { version: 901 }, records: [{ version: 901 }] })
})

test('a process that waits for a lock stays until it has written', { timeout: SLOW }, async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const child = startProcess(['increment', path, '1'])
  await Promise.race([child.ended, setTimeout(1_500)])
  other.exec('ROLLBACK')
  other.close()
  expect(await child.ended).toBe(0)
  expect(await store.list(KEY)).toMatchObject({ header: { version: 2 } })
})

test('of several processes that create a roster, exactly one does', { timeout: SLOW }, async () => {
  const path = freshPath()
  const children = Array.from({ length: 3 }, () => startProcess(['create', path, '200']))
  await Promise.all(children.map(({ ended }) => ended))
  const created = children.flatMap(({ output }) => output().split('\n').filter(Boolean).map(Number))
  expect(created.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
})

test('a kill in the middle of a storm loses nothing acknowledged and leaves nothing half done', {
  timeout: SLOW,
}, async () => {
  const path = freshPath()
  const store = await storeWithSession(path, { put: [RECORD, makeRecord({ number: makeNumber(2) })] })
  await store.close()
  for (let round = 1; round <= 6; round++) {
    const children = Array.from({ length: 2 }, () => startProcess(['storm', path]))
    while (children.some(({ output }) => output().length === 0)) await setTimeout(5)
    await setTimeout(round * 13)
    for (const { process } of children) process.kill('SIGKILL')
    await Promise.all(children.map(({ ended }) => ended))
    const acknowledged = Math.max(...children.map(({ output }) => Number(output().trim().split('\n').at(-1))))
    const reopened = openStore(path)
    const { header, records } = (await reopened.list(KEY)) as Roster
    expect(header.version).toBeGreaterThanOrEqual(acknowledged)
    expect(records.map(({ version }) => version)).toEqual([header.version, header.version])
    await reopened.close()
    expect(valueOf(path, 'PRAGMA integrity_check')).toBe('ok')
  }
})

test('two stores of one process on one file survive each other’s closing', { timeout: SLOW }, async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  await openStore(path).close()
  await startProcess(['create', path, '5']).ended
  expect(await store.commit(makeRosterKey(6), makeChange({ header: HEADER }))).toBe('committed')
  await store.close()
  expect(valueOf(path, 'SELECT count(*) FROM roster')).toBe(6)
})
