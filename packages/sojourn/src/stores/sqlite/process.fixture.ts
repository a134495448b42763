/**
 * What a second process does to the file; started by `files.fixture.ts`.
 *
 *     open PATH                opens and closes; prints `ok` or the error code
 *     create PATH TIMES        creates the rosters 1 … TIMES; prints each it was the one to create
 *     increment PATH TIMES     adds 1 to record and header of roster 1, TIMES times
 *     storm PATH               adds 1 to two records and the header for ever; prints each number it was acknowledged
 */
import { writeSync } from 'node:fs'
import type { SystemError } from '../../core/errors.ts'
import { systemEnvironment } from '../../environment/system.ts'
import type { Roster } from '../../core/roster.ts'
import type { CommitAnswer, SessionStore, WriteClass } from '../../core/store.ts'
import { expecting, makeChange, makeHeader, makeIncarnation, makeRosterKey } from '../../testing/builders.ts'
import { sqliteStore } from './index.ts'

const [task = '', path = '', times = '0'] = process.argv.slice(2)
const environment = systemEnvironment

const tasks: Record<string, () => Promise<void>> = {
  async open() {
    try {
      await sqliteStore({ path, environment }).close()
      print('ok')
    } catch (error) {
      print((error as SystemError).code ?? String(error))
    }
  },
  async create() {
    const store = sqliteStore({ path, environment, busyDeadline: '30s' })
    const mine = makeIncarnation(process.pid)
    for (let index = 1; index <= Number(times); index++) {
      const answer = await store.commit(
        makeRosterKey(index),
        makeChange({ header: makeHeader({ incarnation: mine }) }),
      )
      if (answer === 'committed') print(`${index}`)
    }
    await store.close()
  },
  async increment() {
    const store = sqliteStore({ path, environment, busyDeadline: '30s' })
    for (let left = Number(times); left > 0; ) if ((await incremented(store, 'fast')) === 'committed') left--
    await store.close()
  },
  async storm() {
    const store = sqliteStore({ path, environment, busyDeadline: '30s' })
    for (let turn = 0; ; turn++) {
      if ((await incremented(store, turn % 8 === 0 ? 'durable' : 'fast')) !== 'committed') continue
      print(`${((await store.list(makeRosterKey(1))) as Roster).header.version}`)
    }
  },
}

// Once everything is loaded: another user may not be able to read this folder at all.
if (process.env['ACT_AS'] !== undefined) process.setuid?.(Number(process.env['ACT_AS']))
await tasks[task]?.()

async function incremented(store: SessionStore, writeClass: WriteClass): Promise<CommitAnswer> {
  const { header, records } = (await store.list(makeRosterKey(1))) as Roster
  const put = records.map((record) => ({ ...record, version: record.version + 1 }))
  const next = { ...header, version: header.version + 1 }
  return store.commit(
    makeRosterKey(1),
    makeChange({ expect: expecting(header, records), header: next, put, writeClass }),
  )
}

/** Synchronous, so that what was printed before a kill arrives. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
