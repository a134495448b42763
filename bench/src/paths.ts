/** What is measured, in the order of the table. A path is a line here and a module that starts its server. */
import type { FrameworkName } from './frameworks.ts'
import type { ServerOptions } from './measured-server.ts'

export interface BenchPath {
  readonly path: string
  readonly system: string
  /** The bare framework that it is compared with. */
  readonly base: FrameworkName
  readonly server: ServerOptions
  /** Requests of one round. */
  readonly count: number
  /** How many are under way at once. Default 16. */
  readonly connections?: number
  /** Requests before each round that are not measured: copies live for seconds, and heartbeats end when nobody asks. */
  readonly warmUp?: number
  readonly onRedis?: true
  readonly onMemcached?: true
  /** The store's own write alone, where the target is about what comes on top of it. */
  readonly write?: ServerOptions
  /** CPU microseconds on top of the base (and of the store's write), as promised. */
  readonly target?: number
  /** What one session takes is measured in this store. */
  readonly bytes?: 'memory' | 'sqlite'
}

const module = (file: string): string => new URL(file, import.meta.url).href
const VERIFY = module('./sojourn/verify.ts')
const SIGN_IN = module('./sojourn/sign-in.ts')
const COUNT = 3_000

export function bare(framework: FrameworkName): ServerOptions {
  return { module: module('./bare.ts'), framework, store: 'none' }
}

/** What reads Redis waits for it, so that more requests are under way, and once only one. */
const ON_REDIS = { onRedis: true, count: COUNT, connections: 50, warmUp: 1_000 } as const

/** A server that reads a session as we would, and does nothing with it, is what the driver costs. */
const REDIS_PATHS: readonly BenchPath[] = [
  driver('@redis/client', 'node-redis'),
  driver('ioredis', 'ioredis'),
  driver('60 lines of RESP', 'resp'),
  { ...onRedis('sojourn + @redis/client', 'redis/node-redis'), target: 13 },
  { ...onRedis('sojourn + ioredis', 'redis/ioredis'), target: 13 },
  { ...onRedis('sojourn + @redis/client', 'redis/node-redis'), path: 'verify/redis-alone', connections: 1 },
  { ...onRedis('sojourn + ioredis', 'redis/ioredis'), path: 'verify/redis-alone', connections: 1 },
  { ...onRedis('sojourn + @redis/client', 'near'), path: 'verify/near', target: 4 },
  peerOnRedis('express-session + connect-redis', 'express', './peers/express-session.ts'),
  peerOnRedis('@fastify/session + connect-redis', 'fastify', './peers/fastify-session.ts'),
  peerOnRedis('better-auth', 'node:http', './peers/better-auth.ts'),
  {
    ...onRedis('sojourn + @redis/client', 'redis/node-redis', './sojourn/forged.ts'),
    path: 'forged/redis',
    target: 5,
  },
  {
    ...onRedis('sojourn + @redis/client', 'redis/node-redis', './sojourn/sign-in.ts'),
    path: 'sign-in/redis',
    write: { module: module('./sojourn/write.ts'), framework: 'node:http', store: 'redis/node-redis' },
    count: 500,
    target: 60,
  },
]

export const PATHS: readonly BenchPath[] = [
  // Should add nothing: how far it is from 0 is how far the others may be off.
  { path: 'bare-again', system: 'node:http', base: 'node:http', server: bare('node:http'), count: COUNT },
  {
    path: 'one-header',
    system: 'node:http',
    base: 'node:http',
    server: { ...bare('node:http'), store: 'header' },
    count: COUNT,
  },
  { ...verify('node:http', 'memory'), target: 4, bytes: 'memory' },
  { ...verify('express', 'memory'), target: 5 },
  { ...verify('fastify', 'memory'), target: 5 },
  { ...verify('hono', 'memory'), target: 5 },
  { ...verify('koa', 'memory'), target: 5 },
  verify('web', 'memory'),
  peer('express-session', 'express', './peers/express-session.ts'),
  peer('@fastify/session', 'fastify', './peers/fastify-session.ts'),
  // It has no store: its sessions are in their cookies.
  { ...peer('iron-session', 'node:http', './peers/iron-session.ts'), path: 'verify/cookie', count: 1_000 },
  { ...verify('node:http', 'sqlite'), target: 25, bytes: 'sqlite' },
  {
    path: 'forged',
    system: 'sojourn',
    base: 'node:http',
    server: { module: module('./sojourn/forged.ts'), framework: 'node:http', store: 'memory' },
    count: COUNT,
    target: 5,
  },
  {
    path: 'sign-in/sqlite',
    system: 'sojourn',
    base: 'node:http',
    server: { module: SIGN_IN, framework: 'node:http', store: 'sqlite' },
    write: { module: module('./sojourn/write.ts'), framework: 'node:http', store: 'sqlite' },
    count: 500,
    target: 60,
  },
  ...REDIS_PATHS,
  { ...verify('node:http', 'memcached'), onMemcached: true, connections: 50, warmUp: 1_000 },
]

function verify(base: FrameworkName, store: string): BenchPath {
  const server = { module: VERIFY, framework: base, store }
  return { path: `verify/${store}`, system: 'sojourn', base, server, count: COUNT }
}

/** The same request, answered with the session of another library. */
function peer(system: string, base: FrameworkName, file: string): BenchPath {
  const server = { module: module(file), framework: base, store: 'memory' }
  return { path: 'verify/memory', system, base, server, count: COUNT }
}

function onRedis(system: string, store: string, file = './sojourn/verify.ts'): BenchPath {
  const server = { module: module(file), framework: 'node:http', store } as const
  return { ...ON_REDIS, path: 'verify/redis', system, base: 'node:http', server }
}

function driver(system: string, store: string): BenchPath {
  return { ...onRedis(system, store, './redis/driver.ts'), path: 'driver' }
}

function peerOnRedis(system: string, base: FrameworkName, file: string): BenchPath {
  const server = { module: module(file), framework: base, store: 'redis' }
  return { ...ON_REDIS, path: 'verify/redis', system, base, server, count: 1_000 }
}
