/** What is measured, in the order of the table. A path is a line here and a module that starts its server. */
import type { ServerOptions } from './measured-server.ts'

export interface BenchPath {
  readonly path: string
  readonly system: string
  readonly server: ServerOptions
  /** Requests of one round. */
  readonly count: number
  /** The store's own write alone, where the target is about what comes on top of it. */
  readonly write?: ServerOptions
  /** CPU microseconds on top of the bare server (and of the store's write), as promised. */
  readonly target?: number
  /** What one session takes is measured in this store. */
  readonly bytes?: 'memory' | 'sqlite'
}

const module = (file: string): string => new URL(file, import.meta.url).href
const VERIFY = module('./sojourn/verify.ts')
const SIGN_IN = module('./sojourn/sign-in.ts')

export const BARE: ServerOptions = { module: module('./bare.ts'), store: 'none' }

export const PATHS: readonly BenchPath[] = [
  // Should add nothing: how far it is from 0 is how far the others may be off.
  { path: 'bare-again', system: 'node:http', server: BARE, count: 6_000 },
  { path: 'one-header', system: 'node:http', server: { ...BARE, store: 'header' }, count: 6_000 },
  {
    path: 'verify/memory',
    system: 'sojourn',
    server: { module: VERIFY, store: 'memory' },
    count: 6_000,
    target: 4,
    bytes: 'memory',
  },
  {
    path: 'verify/sqlite',
    system: 'sojourn',
    server: { module: VERIFY, store: 'sqlite' },
    count: 6_000,
    target: 25,
    bytes: 'sqlite',
  },
  {
    path: 'forged',
    system: 'sojourn',
    server: { module: module('./sojourn/forged.ts'), store: 'memory' },
    count: 6_000,
    target: 5,
  },
  {
    path: 'sign-in/sqlite',
    system: 'sojourn',
    server: { module: SIGN_IN, store: 'sqlite' },
    write: { module: module('./sojourn/write.ts'), store: 'sqlite' },
    count: 1_000,
    target: 60,
  },
]
