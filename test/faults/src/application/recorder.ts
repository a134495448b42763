/** Notes what is asked and answered, and hands it on in batches: what a killed process has not sent is lost with it. */
import { hash } from 'node:crypto'
import { now, type Operation, type OperationName, type Result, type TokenSeen } from '../history.ts'

export interface Recorder {
  /** Notes when it was asked; the answer notes what came of it. */
  readonly begin: (asked: Asked) => (came: Came) => Operation
  readonly keep: (operation: Operation) => void
  readonly flush: () => void
}

export interface Asked {
  readonly op: OperationName
  readonly mode: Operation['mode']
  readonly session?: string
  readonly subject?: string
  readonly token?: string
  readonly begunAt?: number
}

export interface Came extends Pick<Operation, 'session' | 'subject' | 'code' | 'evicted' | 'cleared'> {
  readonly result: Result
  readonly given?: string
}

const BATCH = 200
const FLUSH_MS = 20

export function createRecorder(node: string, send: (history: readonly Operation[]) => void): Recorder {
  let batch: Operation[] = []
  let count = 0
  setInterval(flush, FLUSH_MS).unref()

  function flush(): void {
    if (batch.length === 0) return
    send(batch)
    batch = []
  }

  return {
    begin({ token, ...asked }) {
      const opId = `${node}.${count++}`
      const invokedAt = now()
      return ({ given, result, ...came }) => ({
        opId,
        node,
        ...asked,
        ...(token === undefined ? {} : { token: tokenSeen(token) }),
        ...came,
        ...(given === undefined ? {} : { given: tokenSeen(given) }),
        result,
        invokedAt,
        ...(result === 'unknown' ? {} : { returnedAt: now() }),
      })
    },
    keep(operation) {
      batch.push(operation)
      if (batch.length >= BATCH) flush()
    },
    flush,
  }
}

const marks = new Map<string, TokenSeen>()

/** What `docs/sessions.md` says of a token: its session's id, its generation, then what is secret. */
function tokenSeen(token: string): TokenSeen {
  const known = marks.get(token)
  if (known !== undefined) return known
  const generation = Buffer.from(token.slice(28, 32), 'base64url').readUIntBE(0, 3)
  const seen = { generation, mark: hash('sha256', token, 'base64url').slice(0, 8) }
  marks.set(token, seen)
  return seen
}

/** The public id of the session that the token is for. */
export function sessionOf(token: string): string {
  return token.slice(4, 28)
}
