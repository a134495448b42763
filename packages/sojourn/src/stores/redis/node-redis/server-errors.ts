/** What a server's error says about who should have been asked. The texts begin with a code. */
import { textOf } from '../failures.ts'

export interface Redirection {
  readonly kind: 'MOVED' | 'ASK'
  readonly slot: number
  /** Empty: the host that answered. */
  readonly host: string
  readonly port: number
}

/** Whoever answers so is no primary, or not any more. */
export function isReadOnly(error: unknown): boolean {
  return textOf(error).startsWith('READONLY') || textOf(error).startsWith('UNBLOCKED')
}

/** `MOVED 3999 10.0.0.1:6381`: the command was not executed. */
export function redirection(error: unknown): Redirection | undefined {
  const [, kind, slot, host = '', port] = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(textOf(error)) ?? []
  if (kind !== 'MOVED' && kind !== 'ASK') return undefined
  return { kind, slot: Number(slot), host: host === '?' ? '' : host, port: Number(port) }
}
