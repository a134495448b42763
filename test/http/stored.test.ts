/**
 * `bad-inputs.md` S, as the application sees it: somebody edits the SQLite file by hand, and whatever they do, nobody
 * becomes somebody else and no request is answered with a 500.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { openSync, closeSync, ftruncateSync, fstatSync, writeSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ADAPTERS } from './harness/adapters.ts'
import { type Browser, json, jsonList } from './harness/browser.ts'
import { STORES } from './harness/stores.ts'
import { startWorld, type World } from './harness/world.ts'

const sqlite = STORES.filter(({ name }) => name === 'sqlite')[0]

interface Edited extends World {
  readonly alice: Browser
  readonly id: string
  edit(sql: string, ...values: SQLInputValue[]): void
  blob(sql: string): Buffer
  count(table: string): number
}

describe.each(ADAPTERS)('$name', (adapter) => {
  async function start(): Promise<Edited> {
    const world = await startWorld({ adapter, ...(sqlite && { store: sqlite }) })
    const [alice, bob] = [world.browser(), world.browser()]
    await bob.post('/login?user=bob')
    await alice.post('/login?user=alice')
    await alice.post('/set?note=mine')
    const { id } = json(await alice.get('/me'))
    const database = new DatabaseSync(world.path as string)
    database.exec('PRAGMA busy_timeout = 5000')
    const first = (sql: string): unknown => Object.values(database.prepare(sql).get() ?? {})[0]
    return {
      ...world,
      alice,
      id: id as string,
      edit: (sql, ...values) => void database.prepare(sql).run(...values),
      blob: (sql) => Buffer.from(first(sql) as Uint8Array),
      count: (table) => first(`SELECT count(*) FROM ${table}`) as number,
    }
  }

  const rosterOf = ({ id }: Edited): string => id.slice(0, 16)
  const numberOf = ({ id }: Edited): string => id.slice(16)

  async function seen(client: Browser): Promise<'alice' | 'nobody' | 'unavailable'> {
    const response = await client.get('/me')
    if (response.status === 503) return 'unavailable'
    expect(response.status).toBe(200)
    const me = json(response)
    const mine = { subject: 'alice', data: { note: 'mine' } }
    expect(me).toMatchObject(me.subject === null ? { id: null, data: {} } : mine)
    return me.subject === null ? 'nobody' : 'alice'
  }

  test.each<[string, Uint8Array]>([
    ['S01: no byte', Buffer.alloc(0)],
    ['S01: one byte', Buffer.of(1)],
    ['S02: random bytes', Buffer.from('5f0c99a1b7e3d2468acf13579bdf02468ace13579b'.repeat(6), 'hex')],
    ['S03: JSON', Buffer.from('{"subject":"root","version":"1"}')],
    ['S07: 10 MB', Buffer.alloc(10_000_000, 1)],
  ])('%s in place of a record, and of a header', async (_, value) => {
    const world = await start()
    const [record, header] = [world.blob(recordSql(world)), world.blob(headerSql(world))]
    world.edit('UPDATE session SET record = ? WHERE roster = ?', value, rosterOf(world))
    expect(await seen(world.alice)).toBe('nobody')
    expect(world.events.map(({ name }) => name)).toContain('record.unreadable')
    world.edit('UPDATE session SET record = ? WHERE roster = ?', record, rosterOf(world))
    expect(await seen(world.alice), 'put back, it is the same session').toBe('alice')
    world.edit('UPDATE roster SET header = ? WHERE key = ?', value, rosterOf(world))
    expect(await seen(world.alice)).toBe('nobody')
    world.edit('UPDATE roster SET header = ? WHERE key = ?', header, rosterOf(world))
    expect(await seen(world.alice)).toBe('alice')
  })

  test('S02: a flipped bit in every byte of a record and of a header never changes who somebody is', async () => {
    const world = await start()
    const original = { record: world.blob(recordSql(world)), header: world.blob(headerSql(world)) }
    for (let at = 0; at < original.record.length; at++) {
      world.edit(
        'UPDATE session SET record = ? WHERE roster = ?',
        flipped(original.record, at),
        rosterOf(world),
      )
      expect(await seen(world.alice)).toBe('nobody')
    }
    world.edit('UPDATE session SET record = ? WHERE roster = ?', original.record, rosterOf(world))
    for (let at = 0; at < original.header.length; at++) {
      world.edit('UPDATE roster SET header = ? WHERE key = ?', flipped(original.header, at), rosterOf(world))
      expect(await seen(world.alice)).toBe('nobody')
    }
  })

  test('after the damage a sign-in works, and the damaged value is kept for inspection', async () => {
    const world = await start()
    world.edit('UPDATE session SET record = ? WHERE roster = ?', Buffer.from('damaged'), rosterOf(world))
    expect((await world.alice.post('/login?user=alice')).status).toBe(200)
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice', data: {} })
    world.edit('UPDATE roster SET header = ? WHERE key = ?', Buffer.from('damaged'), rosterOf(world))
    expect(json(await world.alice.get('/devices'))).toEqual([])
    expect((await world.alice.post('/login?user=alice')).status).toBe(200)
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
    expect(world.count('quarantine')).toBeGreaterThanOrEqual(2)
  })

  test('S04: what a later version wrote is unavailable, never rewritten and never a sign-out', async () => {
    const world = await start()
    const newer = asNewer(
      world.blob(recordSql(world)),
      world.id + incarnationIn(world.blob(headerSql(world))),
    )
    world.edit('UPDATE session SET record = ? WHERE roster = ?', newer, rosterOf(world))
    for (const [method, target] of [
      ['GET', '/me'],
      ['POST', '/set?note=x'],
      ['POST', '/logout'],
      ['POST', '/login?user=alice'],
    ] as const)
      expect((await world.alice.request(method, target)).status).toBe(503)
    expect(world.blob(recordSql(world))).toEqual(newer)
    expect(world.alice.jar.size).toBe(1)
  })

  test('S09: a record past its deadline is refused although its row is still there', async () => {
    const world = await start()
    world.edit('UPDATE roster SET keep_hour = 999999999')
    await world.environment.advance(3_600_000)
    expect(await seen(world.alice)).toBe('nobody')
    expect(world.count('session')).toBe(2)
    world.edit('UPDATE session SET idle_deadline = 9999999999999, absolute_deadline = 9999999999999')
    expect(await seen(world.alice)).toBe('nobody')
  })

  test('S11: records without header, a header without records: no session, and the next sign-in repairs it', async () => {
    const world = await start()
    const copy = world.alice.copy()
    world.edit('DELETE FROM roster WHERE key = ?', rosterOf(world))
    expect(await seen(world.alice)).toBe('nobody')
    expect((await world.alice.post('/login?user=alice')).status).toBe(200)
    expect(json(await copy.get('/me')), 'the orphan stays dead').toMatchObject({ subject: null })
    world.edit('DELETE FROM session WHERE roster = ?', rosterOf(world))
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: null })
    expect((await world.alice.post('/login?user=alice')).status).toBe(200)
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('S11: a record of another epoch, put back after everything was revoked', async () => {
    const world = await start()
    world.edit('CREATE TABLE stash AS SELECT * FROM session WHERE roster = ?', rosterOf(world))
    await world.sessions.revokeAll('alice')
    world.edit('INSERT OR REPLACE INTO session SELECT * FROM stash')
    expect(await seen(world.alice)).toBe('nobody')
    await world.browser().post('/login?user=alice')
    world.edit('INSERT OR REPLACE INTO session SELECT * FROM stash')
    expect(await seen(world.alice)).toBe('nobody')
  })

  test('S11: a record from before the last session was signed out, put back after the next sign-in', async () => {
    const world = await start()
    const stolen = world.alice.copy()
    world.edit('CREATE TABLE stash AS SELECT * FROM session WHERE roster = ?', rosterOf(world))
    await world.alice.post('/logout')
    world.edit('INSERT OR REPLACE INTO session SELECT * FROM stash')
    expect(await seen(stolen), 'before the next sign-in').toBe('nobody')
    world.edit('DELETE FROM session WHERE roster = ?', rosterOf(world))
    await world.alice.post('/login?user=alice')
    world.edit('INSERT OR REPLACE INTO session SELECT * FROM stash')
    expect(await seen(stolen), 'after it').toBe('nobody')
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice', data: {} })
  })

  test('S11: a record, or a header, of somebody else', async () => {
    const world = await start()
    world.edit(
      'UPDATE session SET record = (SELECT record FROM session WHERE roster <> ?) WHERE roster = ?',
      rosterOf(world),
      rosterOf(world),
    )
    expect(await seen(world.alice)).toBe('nobody')
    const other = await start()
    other.edit(
      'UPDATE roster SET (subject, header) = (SELECT subject, header FROM roster WHERE key <> ?) WHERE key = ?',
      rosterOf(other),
      rosterOf(other),
    )
    expect(await seen(other.alice)).toBe('nobody')
  })

  test('a subject or realm written over in its column is damage, not another user', async () => {
    const world = await start()
    world.edit("UPDATE roster SET subject = 'root' WHERE key = ?", rosterOf(world))
    expect(await seen(world.alice)).toBe('nobody')
  })

  test('S12: 100,000 records that somebody else wrote into a roster', async () => {
    const world = await start()
    world.edit(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
       INSERT OR IGNORE INTO session SELECT roster, printf('%08d', i), '', '', 0, 0, 0, 0, 0, x'01' FROM n, session WHERE number = ?`,
      numberOf(world),
    )
    expect(await seen(world.alice)).toBe('alice')
    expect((await world.alice.get('/devices')).status).toBe(200)
    expect((await world.alice.post('/login?user=alice')).status).toBe(200)
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
    expect(jsonList(await world.alice.get('/devices')).length).toBeLessThanOrEqual(10)
  })

  test('S14, V-55: __proto__ in data and attributes is a key like any other', async () => {
    const world = await start()
    await world.sessions.setSubjectAttributes('alice', {
      version: 1,
      value: JSON.parse('{"role":"user","__proto__":{"admin":true}}') as { role: string },
    })
    await world.alice.post('/set?__proto__=polluted&constructor=x&toString=y')
    const { data } = json(await world.alice.get('/me'))
    expect(data).toMatchObject({ note: 'mine' })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('S19: a file that is cut off or zeroed under a running server: 503 or nobody, never a 500', async () => {
    for (const harm of [cutOff, zeroed]) {
      const world = await start()
      harm(world.path as string)
      for (const [method, target] of [
        ['GET', '/me'],
        ['POST', '/set?note=x'],
        ['POST', '/login?user=alice'],
        ['GET', '/devices'],
      ] as const)
        expect((await world.alice.request(method, target)).status).not.toBe(500)
    }
  })
})

const recordSql = ({ id }: Edited): string => `SELECT record FROM session WHERE roster = '${id.slice(0, 16)}'`
const headerSql = ({ id }: Edited): string => `SELECT header FROM roster WHERE key = '${id.slice(0, 16)}'`

function flipped(original: Buffer, at: number): Buffer {
  const copy = Buffer.from(original)
  copy[at] = (copy[at] as number) ^ (1 << (at % 8))
  return copy
}

/** As a version with the next format would have written it: another first byte, a right checksum. */
/** Bytes 6 to 11 of an encoded header. */
function incarnationIn(header: Buffer): string {
  return header.subarray(6, 12).toString('base64url')
}

function asNewer(value: Buffer, address: string): Buffer {
  const copy = Buffer.from(value)
  copy[0] = (copy[0] as number) + 1
  copy.writeUInt32BE(crc32(copy.subarray(0, -4), crc32(address)), copy.length - 4)
  return copy
}

function cutOff(path: string): void {
  const file = openSync(path, 'r+')
  ftruncateSync(file, Math.floor(fstatSync(file).size / 2))
  closeSync(file)
}

function zeroed(path: string): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(fstatSync(file).size))
  closeSync(file)
}
