/** 100,000 requests that are anonymous, forged or signed out leave no row and no write behind (V-64). */
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Exchange } from 'sojourn'
import { describe, expect, test } from 'vitest'
import { MATRIX, startWorld, type World } from './harness/world.ts'
import { STORES } from './harness/stores.ts'

const NAME = '__Host-Http-sid'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const KINDS = 5

/** The n-th of a crowd: nobody, a forger, a guesser, somebody signed out, and somebody with many cookies. */
function cookieOf(n: number, signedOut: string): string | undefined {
  const filler = [...Array(88)]
    .map((_, at) => ALPHABET[(n * 31 + at * at * 7 + (n >> (at % 13))) % 64])
    .join('')
  const cookies = [
    undefined,
    `${NAME}=sjs_${filler}`,
    `${NAME}=guess-${n}`,
    `${NAME}=${signedOut}`,
    `a=${n}; ${NAME}=; ${NAME}=x`,
  ]
  return cookies[n % KINDS]
}

function rowsOf({ path }: World): Record<string, number> {
  if (path === undefined) return {}
  const database = new DatabaseSync(path, { readOnly: true })
  const count = (table: string): number =>
    database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'] as number
  const rows = {
    roster: count('roster'),
    session: count('session'),
    document: count('document'),
    quarantine: count('quarantine'),
  }
  database.close()
  expect(readdirSync(dirname(path)).length).toBeLessThanOrEqual(3)
  return rows
}

async function signedOutToken({ sessions }: World): Promise<string> {
  const result = await sessions.signIn('alice', { transport: NAME })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  await sessions.signOut(result.session)
  return result.token
}

function exchangeOf(cookie: string | undefined): Exchange {
  return {
    method: 'POST',
    url: '/',
    host: 'localhost',
    peer: '127.0.0.1',
    encrypted: true,
    header: (name) => ({ cookie, 'user-agent': 'flood' })[name],
    headersSent: () => false,
    isOver: () => false,
    onRead() {},
    onChange() {},
  }
}

describe.each(STORES)('within the process, over $name', (store) => {
  test('100,000 checks, a third of them followed by a sign-out', async () => {
    const world = await startWorld({ store })
    const token = await signedOutToken(world)
    const [rows, commits] = [rowsOf(world), world.store.faults.calls.commit]
    for (let n = 0; n < 100_000; n++) {
      const handle = await world.sessions.open(exchangeOf(cookieOf(n, token)))
      if (handle.session !== undefined) throw new Error(`Number ${n} has a session.`)
      if (n % 3 === 0) {
        await handle.signOut()
        await handle.commit()
      }
    }
    expect(world.store.faults.calls.commit).toBe(commits)
    expect(rowsOf(world)).toEqual(rows)
  })
})

describe.each(MATRIX)('over sockets, $name', ({ adapter, store }) => {
  test('2,000 requests to read, and to sign out', async () => {
    const world = await startWorld({ adapter, store })
    const token = await signedOutToken(world)
    const [rows, commits] = [rowsOf(world), world.store.faults.calls.commit]
    const wire = await world.wire()
    for (let n = 0; n < 2000; n += 50) {
      const batch = Array.from({ length: 50 }, (_, index) =>
        requestText(n + index, cookieOf(n + index, token)),
      )
      wire.write(batch.join(''))
      for (const _ of batch) expect((await wire.response()).status).toBeLessThan(300)
    }
    wire.abort()
    expect(world.store.faults.calls.commit).toBe(commits)
    expect(rowsOf(world)).toEqual(rows)
  })
})

function requestText(n: number, cookie: string | undefined): string {
  const line = n % 2 === 0 ? 'GET /me HTTP/1.1' : 'POST /logout HTTP/1.1\r\nContent-Length: 0'
  return `${line}\r\nHost: localhost\r\n${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`
}
