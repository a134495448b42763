// The import fences as data: who may import whom, what is out of bounds, and why. The table in
// ARCHITECTURE.md is generated from this file (`npm run generate`). Paths are relative to the repository,
// rooms to packages/sojourn/src; the room with the longest matching name owns a file, so `http/node` is
// http/node.ts and everything below http/node/.

export interface Room {
  readonly name: string
  /** Other rooms it may import; `stores/*` stands for every store. Its own files are always allowed. */
  readonly rooms: readonly string[]
  /** Packages and `node:` modules it may import. */
  readonly modules: readonly string[]
  readonly because: string
}

export interface AmbientRule {
  readonly name: string
  /** `Date()` and `new Date()` stand for the call without an argument. */
  readonly uses: readonly string[]
  /** Names of node:crypto or of the global `crypto`. */
  readonly crypto?: readonly string[]
  /** Files whose path below the library's sources starts and ends so. */
  readonly allowedIn: readonly { readonly under: string; readonly endsWith: string }[]
  readonly because: string
  readonly fix: string
}

export const library = {
  name: 'sojourn',
  folder: 'packages/sojourn',
  sources: 'packages/sojourn/src',
} as const

const inSystemEnvironment = { under: 'environment/', endsWith: '.ts' }
/** A file is opened synchronously, before any request: another process's lock is waited for in place. */
const whileOpening = { under: 'stores/sqlite/', endsWith: '/database.ts' }
const inProcessTests = [
  { under: 'stores/sqlite/', endsWith: '.test.ts' },
  { under: 'stores/sqlite/', endsWith: '.fixture.ts' },
]

export const rooms: readonly Room[] = [
  {
    name: 'core',
    rooms: [],
    modules: ['node:buffer', 'node:crypto', 'node:zlib', '@standard-schema/spec', 'bowser'],
    because:
      'The rules are pure, so that they run unchanged in a simulation and behind every store: no driver, no server, no clock.',
  },
  {
    name: 'environment',
    rooms: ['core'],
    modules: ['node:buffer', 'node:crypto', 'node:perf_hooks', 'node:timers', 'node:timers/promises'],
    because: 'It is the one place that touches the machine’s clock, timers, randomness and log.',
  },
  {
    name: 'transport',
    rooms: ['core'],
    modules: ['cookie'],
    because: 'Tokens travel in headers only; where they are kept and which server runs is not its business.',
  },
  {
    name: 'guard',
    rooms: ['core'],
    modules: ['node:buffer', 'node:crypto', 'node:net', 'ipaddr.js'],
    because:
      'Who a client is and whether to let it in are questions about a request, asked before a session is.',
  },
  {
    name: 'http',
    rooms: ['core', 'guard', 'transport'],
    modules: ['node:crypto'],
    because: 'Request in, handle and commit out, in web standards alone: it runs under every server.',
  },
  {
    name: 'http/express',
    rooms: ['index.ts', 'http/node'],
    modules: ['node:http'],
    because: 'An adapter goes through the public doors, as one that somebody else writes does.',
  },
  {
    name: 'http/fastify',
    rooms: ['index.ts', 'http/node'],
    modules: ['fastify', 'fastify-plugin'],
    because: 'An adapter goes through the public doors, as one that somebody else writes does.',
  },
  {
    name: 'http/koa',
    rooms: ['index.ts', 'http/node'],
    modules: ['node:http'],
    because: 'An adapter goes through the public doors, as one that somebody else writes does.',
  },
  {
    name: 'http/hono',
    rooms: ['index.ts', 'http/node'],
    modules: ['hono', 'node:http'],
    because: 'An adapter goes through the public doors, as one that somebody else writes does.',
  },
  {
    name: 'http/node',
    rooms: ['core', 'transport', 'http'],
    modules: ['node:http', 'node:http2', 'node:https', 'node:net', 'node:stream', 'node:tls'],
    because: 'An adapter translates one server’s types to the web-standard core and decides nothing.',
  },
  {
    name: 'stores/memory',
    rooms: ['core', 'environment'],
    modules: ['node:buffer'],
    because: 'It is the reference store: the contract and a map, nothing a reader has to look up.',
  },
  {
    name: 'stores/sqlite',
    rooms: ['core', 'environment'],
    modules: ['node:buffer', 'node:fs', 'node:fs/promises', 'node:path', 'node:sqlite', 'node:url'],
    because: 'A store knows the contract and its own driver; stores that share code share their bugs.',
  },
  {
    name: 'stores/redis',
    rooms: ['core', 'environment'],
    modules: ['node:buffer', 'node:crypto', 'node:fs'],
    because: 'A store knows the contract and its own protocol; which driver speaks it is behind a port.',
  },
  {
    name: 'stores/redis/node-redis',
    rooms: ['core', 'environment', 'stores/redis'],
    modules: ['@redis/client', 'node:buffer', 'node:tls'],
    because: 'A port is the one place that knows its driver, so that no other door asks for it.',
  },
  {
    name: 'stores/redis/ioredis',
    rooms: ['core', 'environment', 'stores/redis'],
    modules: ['ioredis', 'node:buffer', 'node:dns/promises', 'node:net', 'node:stream', 'node:tls'],
    because: 'A port is the one place that knows its driver, so that no other door asks for it.',
  },
  {
    name: 'stores/memcached',
    rooms: ['core', 'environment', 'stores/memcached/wire'],
    modules: ['node:buffer', 'node:tls', 'node:zlib'],
    because:
      'A store knows the contract and its own layout; sockets and what goes over them are a room of their own.',
  },
  {
    name: 'stores/memcached/wire',
    rooms: ['core', 'environment'],
    modules: ['node:buffer', 'node:net', 'node:tls'],
    because: 'It is the one place that speaks to Memcached, and it knows no roster.',
  },
  {
    name: 'stores/tiered',
    rooms: ['core', 'environment'],
    modules: ['lru-cache'],
    because: 'Tiers are put together from stores as they are; it knows none of them.',
  },
  {
    name: 'observe',
    rooms: ['core', 'environment'],
    modules: [],
    because:
      'It looks at what others counted, from the side: nothing that a request passes through imports it.',
  },
  {
    name: 'doctor',
    rooms: ['core', 'environment', 'index.ts'],
    modules: ['node:cluster'],
    because:
      'It asks stores what they see of their own machinery, and knows none of them; no request passes through it.',
  },
  {
    name: 'testing',
    rooms: ['core', 'environment', 'http', 'stores/*'],
    modules: ['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto'],
    because: 'The conformance kit is published, so the test runner is passed in and never imported.',
  },
  {
    name: 'index.ts',
    rooms: ['core', 'environment', 'guard', 'transport', 'http'],
    modules: [],
    because:
      'The main entry composes; a store or a server adapter is a door of its own, so nobody loads a driver unasked.',
  },
]

/** What files named *.test.ts and *.fixture.ts may import besides the library’s own sources and `node:` modules. */
export const testModules: readonly string[] = [
  'vitest',
  'fast-check',
  'sojourn-test-programs',
  '@redis/client',
  'ioredis',
  '@opentelemetry/api',
  '@opentelemetry/sdk-metrics',
]

export const ambientRules: readonly AmbientRule[] = [
  {
    name: 'clock',
    uses: ['Date()', 'new Date()', 'Date.now', 'performance', 'process.hrtime', 'process.uptime'],
    allowedIn: [inSystemEnvironment, ...inProcessTests],
    because: 'Time that is not injected cannot be simulated, and two clocks disagree.',
    fix: 'Take the time from the Environment that you were given.',
  },
  {
    name: 'timers',
    uses: [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'process.nextTick',
      'AbortSignal.timeout',
      'Atomics.wait',
      'Atomics.waitAsync',
    ],
    allowedIn: [inSystemEnvironment, whileOpening, ...inProcessTests],
    because: 'A timer outside the Environment fires at real times in a simulation and keeps a process alive.',
    fix: 'Use the timers of the Environment that you were given.',
  },
  {
    name: 'randomness',
    uses: ['Math.random'],
    crypto: [
      'getRandomValues',
      'randomBytes',
      'randomFill',
      'randomFillSync',
      'randomInt',
      'randomUUID',
      'pseudoRandomBytes',
      'webcrypto',
    ],
    allowedIn: [inSystemEnvironment],
    because: 'Randomness that is not injected makes a failing run impossible to repeat.',
    fix: 'Draw bytes from the Environment that you were given.',
  },
  {
    name: 'log',
    uses: ['console'],
    allowedIn: [inSystemEnvironment],
    because: 'The library logs nothing on its own: it emits events, and the application decides.',
    fix: 'Emit an event, or use the log of the Environment that you were given.',
  },
]

export const publicEntriesOnly = {
  folders: ['apps', 'bench', 'examples', 'packages', 'test'],
  because:
    'They show and measure what a user of the library gets; a back door would hide a missing front door.',
  fix: 'Import a public entry, or add what is missing to one.',
} as const

export const wholeTestsOnly = {
  because: 'A test that is skipped, or alone, lets everything else break in silence.',
  fix: 'Repair or delete the test.',
} as const
