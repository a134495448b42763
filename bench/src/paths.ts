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
