/** What one session takes: run as a process of its own, `node --expose-gc bytes.ts STORE DIRECTORY`, prints a number. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSessions, signInUsers, userNames } from './populated.ts'

const SESSIONS = 20_000
const WARM_UP = 2_000
const [store = '', directory = ''] = process.argv.slice(2)

const populated = await openSessions({
  store,
  framework: 'node:http',
  redis: '',
  memcached: '',
  directory,
  counting: false,
})
const users = userNames(SESSIONS + WARM_UP)
await signInUsers(populated, users.slice(0, WARM_UP))
const before = await size()
await signInUsers(populated, users.slice(WARM_UP))
process.stdout.write(`${Math.round(((await size()) - before) / SESSIONS)}\n`)

async function size(): Promise<number> {
  if (store === 'sqlite') return fileSize()
  // Until nothing waits for a deadline any more.
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  for (let turn = 0; turn < 3; turn++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The file when all of the log is in it. */
function fileSize(): number {
  const path = join(directory, 'sessions.db')
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  return statSync(path).size
}
