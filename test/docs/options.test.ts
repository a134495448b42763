// docs/options.md names every option there is, and none that there is not.
import { readFileSync } from 'node:fs'
import { ConfigError, createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { describe, expect, it } from 'vitest'
import { page, tableUnder } from './pages.ts'

const reference = page('docs/options.md')
const NO_OPTION = 'wwwwwwwwwwwwwwwwwwwwwwww'

const groups: Readonly<Record<string, string>> = {
  data: '### data',
  lifetime: '### lifetime and remember',
  remember: '### lifetime and remember',
  anonymous: '### anonymous',
  devices: '### devices',
  regenerate: '### regenerate',
  cookie: '### cookie',
  csrf: '### csrf',
  proxies: '### proxies',
}

describe('what createSessions knows', () => {
  it('is what the page has', () => {
    expect(documented('## createSessions')).toEqual(knownTo(''))
  })

  it.each(Object.entries(groups))('is what the page has about %s', (path, heading) => {
    expect(documented(heading)).toEqual(knownTo(path))
  })
})

describe('what the types know', () => {
  it.each([
    ['## withSessions', './http/node.d.ts', ['NodeOptions']],
    ['## expressSessions, fastifySessions, koaSessions', './http/node.d.ts', ['AttachOptions']],
    ['## honoSessions', './http/hono.d.ts', ['HonoOptions']],
    ['## sessions.respond', './http/web.d.ts', ['RequestFacts', 'RespondOptions']],
    ['## upgradeSession', './http/node/upgrade.d.ts', ['UpgradeOptions']],
    ['## createPageHeaders', './http/page-headers.d.ts', ['PageHeaderOptions']],
    ['### hsts', './http/page-headers.d.ts', ['HstsOptions']],
    ['## memoryStore', './stores/memory/index.d.ts', ['MemoryStoreOptions']],
    ['## sqliteStore', './stores/sqlite/index.d.ts', ['SqliteStoreOptions']],
    ['## redisStore', './stores/redis/options.d.ts', ['RedisStoreOptions']],
    [
      '### nodeRedis',
      './stores/redis/node-redis/options.d.ts',
      ['Credentials', 'CommonOptions', 'SingleOptions', 'SentinelOptions', 'ClusterOptions', 'ClientOptions'],
    ],
    [
      '### ioRedis',
      './stores/redis/ioredis/options.d.ts',
      ['Common', 'IoRedisUrl', 'IoRedisSentinels', 'IoRedisCluster', 'IoRedisGiven'],
    ],
    ['## memcachedStore', './stores/memcached/options.d.ts', ['MemcachedStoreOptions']],
    ['## tieredStore', './stores/tiered/index.d.ts', ['TieredStoreOptions']],
    ['### near', './stores/tiered/index.d.ts', ['NearOptions']],
    ['## examine, assertSound', './doctor/examine.d.ts', ['ExamineOptions']],
    ['## watchFindings', './doctor/watch.d.ts', ['WatchOptions']],
    ['### data', './core/policy/options.d.ts', ['DataOptions']],
    ['### lifetime and remember', './core/policy/options.d.ts', ['LifetimeOptions']],
    ['### anonymous', './core/policy/options.d.ts', ['AnonymousOptions']],
    ['### devices', './core/policy/options.d.ts', ['DeviceOptions']],
    ['### regenerate', './core/policy/options.d.ts', ['RegenerateOptions']],
    ['### cookie', './transport/cookie.d.ts', ['CookieOptions']],
    ['### csrf', './guard/cross-origin.d.ts', ['CsrfOptions']],
    ['### proxies', './guard/proxy-options.d.ts', ['ProxyOptions']],
  ])('%s', (heading, file, names) => {
    const all = new Set(names.flatMap((name) => members(file, name)))
    expect(documented(heading)).toEqual([...all].toSorted())
  })

  it('## createSessions', () => {
    const all = [
      ...members('./core/policy/options.d.ts', 'ManagerOptions'),
      ...members('./http/sessions.d.ts', 'SessionsOptions'),
    ]
    expect(documented('## createSessions')).toEqual(all.toSorted())
  })
})

function documented(heading: string): readonly string[] {
  return tableUnder(reference, heading)
    .map(([name]) => /^`(\w+)`$/.exec(name ?? '')?.[1] ?? `not a name: ${name}`)
    .toSorted()
}

/** Asked with an option that cannot be meant for another, it answers with all that it knows. */
function knownTo(path: string): readonly string[] {
  const wrong = { [NO_OPTION]: true }
  const options = {
    deployment: 'docs',
    secrets: '',
    store: memoryStore(),
    ...(path === '' ? wrong : { [path]: wrong }),
  }
  const place = path === '' ? NO_OPTION : `${path}.${NO_OPTION}`
  const message = problemsOf(options).find((problem) => problem.path === place)?.message ?? ''
  const names = /Known are: (.*)\.$/.exec(message)?.[1]
  return (names ?? `nothing said about ${place}`).split(', ').toSorted()
}

function problemsOf(options: Parameters<typeof createSessions>[0]): ConfigError['problems'] {
  try {
    createSessions(options)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('These options should not have been accepted.')
}

/** The names that an interface declares, read from the declarations that the package ships. */
function members(file: string, name: string): readonly string[] {
  const declarations = readFileSync(new URL(file, import.meta.resolve('sojourn')), 'utf8')
  const start = declarations.search(new RegExp(`interface ${name}\\b`))
  const body = start === -1 ? '' : declarations.slice(start, declarations.indexOf('\n}', start))
  return [...body.matchAll(/^ {4}readonly (\w+)\??:/gm)].map(([, member]) => member ?? '')
}
