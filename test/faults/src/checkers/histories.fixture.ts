/** Histories made by hand: of one node, in mode `strict`, on a clock that begins at 0. */
import type { Operation } from '../history.ts'

type Written = Partial<Operation> & Pick<Operation, 'op' | 'result' | 'invokedAt'>

let count = 0

/** `returnedAt` is one later, unless it is written or nobody knows the outcome. */
export function operation(written: Written): Operation {
  const answered = written.result === 'unknown' ? {} : { returnedAt: written.invokedAt + 1 }
  return { opId: `op.${count++}`, node: 'a', mode: 'strict', ...answered, ...written }
}

export function signIn(session: string, invokedAt: number, more: Partial<Operation> = {}): Operation {
  const given = { generation: 0, mark: `${session}.0` }
  return operation({ op: 'signIn', subject: 'user', session, given, result: 'done', invokedAt, ...more })
}

export function verify(
  session: string,
  invokedAt: number,
  { generation = 0, ...more }: Partial<Operation> & { readonly generation?: number } = {},
): Operation {
  const token = { generation, mark: `${session}.${generation}` }
  return operation({ op: 'verify', session, token, result: 'valid', invokedAt, ...more })
}

export function revoke(session: string, invokedAt: number, more: Partial<Operation> = {}): Operation {
  return operation({ op: 'revoke', session, result: 'done', invokedAt, ...more })
}

/** From one generation to the next. */
export function regenerate(
  session: string,
  invokedAt: number,
  { generation = 0, ...more }: Partial<Operation> & { readonly generation?: number } = {},
): Operation {
  const token = { generation, mark: `${session}.${generation}` }
  const given = { generation: generation + 1, mark: `${session}.${generation + 1}` }
  return operation({ op: 'regenerate', session, token, given, result: 'done', invokedAt, ...more })
}
