/**
 * `npm start`: opens the data directory, listens on this machine, says how to get in, and stops in good order.
 *
 * Exit codes: 0 after SIGTERM or SIGINT, 64 for a command line that is not understood, 69 when the port is taken,
 * 78 when it cannot start as configured, 1 for anything unforeseen.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, createPageHeaders, type PageHeaders, SystemError } from 'sojourn'
import { createApp } from './app.ts'
import { certificateIn } from './certificate.ts'
import { readCommandLine, USAGE } from './command-line.ts'
import { type Config, readConfig, StartError } from './config.ts'
import { ensureDataDir, secretIn } from './data-dir.ts'
import { keepDiary } from './diary/diary.ts'
import { accountsIn } from './people/accounts.ts'
import { ensureDemoAccount } from './people/demo-account.ts'
import { keptSessions } from './kept-sessions.ts'
import { type ShopSessions, type ShopSessionsOptions, shopSessions } from './shop.ts'
import { ordersIn } from './shop/orders.ts'
import { listenLocally } from './web/listen.ts'
import { welcome } from './welcome.ts'

const PATIENCE_MS = 5000

try {
  const flags = readCommandLine(process.argv.slice(2))
  if (flags.help) console.log(USAGE)
  else await start(readConfig(process.env, flags))
} catch (error) {
  if (!(error instanceof StartError || error instanceof SystemError)) throw error
  console.error(error.message)
  process.exitCode = error instanceof StartError ? error.exitCode : 78
}

async function start(config: Config): Promise<void> {
  const { dataDir, passwordAgainAfter, trustedProxies } = config
  process.umask(0o077)
  ensureDataDir(dataDir)
  const certificate = config.https ? certificateIn(dataDir) : undefined
  const kept = keptSessions(config)
  const { store } = kept
  const sessions = sessionsWith({ secret: secretIn(dataDir), store, passwordAgainAfter, trustedProxies })
  await sessions.ready().catch(async (error: unknown) => {
    await kept.close()
    throw isMismatch(error) ? new StartError(78, kept.onMismatch, { cause: error }) : error
  })
  const database = openShopDatabase(join(dataDir, 'shop.sqlite'))
  const accounts = accountsIn(database)
  const { passwordIsKnown } = await ensureDemoAccount(accounts)

  const closing = new AbortController()
  const app = createApp({
    sessions,
    accounts,
    orders: ordersIn(database),
    diary: keepDiary(sessions),
    passwordAgainAfter,
    pageHeaders: pageHeadersFor(config),
    closing: closing.signal,
  })
  const listening = await listenLocally({ port: config.port, certificate }, app)
  stopOnSignal(async () => {
    closing.abort()
    await listening.close(PATIENCE_MS)
    await sessions.close()
    await kept.close()
    database.close()
  })
  console.log(welcome({ config, listening, certificatePath: certificate?.path, passwordIsKnown }))
}

/** The only options that come from outside are the proxies. */
function sessionsWith(options: ShopSessionsOptions): ShopSessions {
  try {
    return shopSessions(options)
  } catch (error) {
    if (!(error instanceof ConfigError) || options.trustedProxies === undefined) throw error
    throw new StartError(78, `SOJOURN_TRUSTED_PROXIES cannot be used. ${error.message}`, { cause: error })
  }
}

/**
 * Nothing but what the pages have: their own styles, pictures and script, which writes no HTML.
 *
 * HSTS only under a name in public, and never with a certificate for this machine: browsers take it for `localhost`
 * as well, for all ports at once, so that every other `http://localhost` would be out of reach for whoever opened
 * this shop once. Over plain HTTP, where a proxy's own requests and those of this machine arrive, they ignore it.
 */
function pageHeadersFor({ https, publicUrl }: Config): () => PageHeaders {
  return createPageHeaders({
    csp: {
      'default-src': ["'none'"],
      'style-src': ["'self'"],
      'img-src': ["'self'"],
      'connect-src': ["'self'"],
      'require-trusted-types-for': ["'script'"],
    },
    // A demonstration is gone tomorrow: it binds its own host, and for a day.
    hsts: publicUrl === undefined || https ? false : { maxAge: '1d', includeSubDomains: false },
  })
}

function isMismatch(error: unknown): boolean {
  return error instanceof SystemError && error.code === 'DEPLOYMENT_MISMATCH'
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
