/** What is measured: a server in a process of its own, and the requests that are sent to it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { USER_AGENT } from './content.ts'
import type { FrameworkName } from './frameworks.ts'

/** Started by `server.ts`. A library is one such module per path, listed in `paths.ts`. */
export interface TargetModule {
  readonly start: (options: TargetOptions) => Promise<Target>
}

export interface TargetOptions {
  /** `memory`, `sqlite`, `redis/ioredis`; what the module knows. */
  readonly store: string
  /** What the application is written for, where the module knows several. */
  readonly framework: FrameworkName
  /** The run's Redis; empty where none is needed. */
  readonly redis: string
  /** Address of the run's Memcached; empty where none is needed. */
  readonly memcached: string
  /** Where files may go. */
  readonly directory: string
  /** Store calls are counted, which costs a little: not while CPU is measured. */
  readonly counting: boolean
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

export interface Target {
  readonly listener: Listener
  /** Whole HTTP requests without a body, sent in turn. None: it is sent those of the path that it is a base for. */
  readonly requests: readonly string[]
  /** Calls to the store that belong to sessions, when they are counted. */
  readonly storeCalls?: () => number
}

/** `GET` over a kept connection, with what browsers send besides. */
export function getRequest(path: string, cookie?: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    `User-Agent: ${USER_AGENT}`,
    'Accept: */*',
    'Accept-Language: en-GB,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br',
    ...(cookie === undefined ? [] : [`Cookie: theme=dark; ${cookie}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** What every target answers: who it is, padded to one length, so that all send as much. */
export function answerFor(subject: string): { readonly user: string } {
  return { user: subject.padEnd(16) }
}

export function bodyFor(subject: string): string {
  return JSON.stringify(answerFor(subject))
}
