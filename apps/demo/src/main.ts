/**
 * `npm start`: opens the data directory, listens on this machine, says how to get in, and stops in good order.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 69 when the port is taken, 78 when it cannot start as configured,
 * 1 for anything unforeseen.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SystemError } from 'sojourn'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { createApp } from './app.ts'
import { type Config, readConfig, StartError } from './config.ts'
import { ensureDataDir, secretIn } from './data-dir.ts'
import { accountsIn } from './people/accounts.ts'
import { DEMO_EMAIL, DEMO_PASSWORD, ensureDemoAccount } from './people/demo-account.ts'
import { shopSessions } from './shop.ts'
import { ordersIn } from './shop/orders.ts'
import { type Listening, listenLocally } from './web/listen.ts'

const PATIENCE_MS = 5000

try {
  await start(readConfig(process.env))
} catch (error) {
  if (!(error instanceof StartError || error instanceof SystemError)) throw error
  console.error(error.message)
  process.exitCode = error instanceof StartError ? error.exitCode : 78
}

async function start({ port, dataDir, passwordAgainAfter }: Config): Promise<void> {
  process.umask(0o077)
  ensureDataDir(dataDir)
  const sessionsPath = join(dataDir, 'sessions.sqlite')
  const store = sqliteStore({ path: sessionsPath })
  const sessions = shopSessions({ secret: secretIn(dataDir), store, passwordAgainAfter })
  await sessions.ready().catch((error: unknown) => explainMismatch(error, sessionsPath))
  const database = openShopDatabase(join(dataDir, 'shop.sqlite'))
  const accounts = accountsIn(database)
  const { passwordIsKnown } = await ensureDemoAccount(accounts)

  const shop = { sessions, accounts, orders: ordersIn(database), passwordAgainAfter }
  const listening = await listenLocally(port, createApp(shop))
  stopOnSignal(async () => {
    await listening.close(PATIENCE_MS)
    await sessions.close()
    await store.close()
    database.close()
  })
  console.log(welcome(listening, dataDir, passwordIsKnown))
}

function explainMismatch(error: unknown, path: string): never {
  if (!(error instanceof SystemError) || error.code !== 'DEPLOYMENT_MISMATCH') throw error
  throw new StartError(
    78,
    `The sessions in ${path} were made with another secret than the one beside them. Put that secret back, or remove ${path}* to start with no sessions.`,
    { cause: error },
  )
}

function openShopDatabase(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { timeout: 2000 })
    database.exec('PRAGMA journal_mode = WAL')
    return database
  } catch (error) {
    throw new StartError(78, `${path} cannot be used: ${(error as Error).message}.`, { cause: error })
  }
}

function stopOnSignal(stop: () => Promise<void>): void {
  const stopOnce = (): void => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stopOnce)
    void stop().then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopOnce)
}

function welcome({ port, onIpv6 }: Listening, dataDir: string, passwordIsKnown: boolean): string {
  return [
    '',
    '  Wayside, the Sojourn demo, is open:',
    '',
    `    http://localhost:${port}`,
    '',
    '  Sign up with any e-mail address, or sign in as',
    '',
    `    ${DEMO_EMAIL}   ${passwordIsKnown ? DEMO_PASSWORD : '(with the password you gave it)'}`,
    '',
    `  Sessions, accounts and the secret are kept in ${dataDir}`,
    ...(onIpv6 ? [] : ['  This machine has no IPv6 loopback; only 127.0.0.1 answers.']),
    '  Ctrl-C stops it. Whoever is signed in stays signed in.',
    '',
  ].join('\n')
}
