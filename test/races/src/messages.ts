/**
 * What the harness says to an application process over its IPC channel. A process answers each message when it is
 * done; a message that waits for something (`arrived`, `quiet`) is answered when that has happened.
 */
export interface Commands {
  /** Requests and store calls wait at a gate until it is opened; resolves when `count` have come. */
  arrived: { readonly gate: string; readonly count: number }
  open: { readonly gate: string }
  /** The next call of this kind waits at the gate. `answer`: it is applied, and its answer waits. */
  holdStore: { readonly gate: string; readonly at: 'call' | 'answer'; readonly skip: number }
  /** Breaks the store until `heal`. */
  breakStore: Fault
  heal: undefined
  /** Resolves when no store call is under way. */
  quiet: undefined
  /** Moves the wall clock forward. */
  advance: { readonly ms: number }
  /** How many store calls there were since the start about this session's user, or about the deployment's documents. */
  storeCalls: { readonly about: { readonly sessionId: string } | 'documents' }
  /** Counts the live sessions of this session's user after every commit from now on. */
  watch: { readonly sessionId: string }
  /** The most that were counted. */
  peak: undefined
}

export interface Fault {
  readonly how: 'fail' | 'hang'
  /** Default: every operation. */
  readonly on?: 'commit' | 'read'
}

export interface Question {
  readonly id: number
  readonly command: keyof Commands
  readonly input: Commands[keyof Commands]
}

export interface Reply {
  readonly id: number
  readonly answer?: number
  readonly error?: string
}

/** Said once, when the process listens. */
export interface Listening {
  readonly port: number
}
