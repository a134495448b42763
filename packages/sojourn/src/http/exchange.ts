/** What an adapter tells the web core about one request, and what it is told back. */
import type { Arrival } from '../guard/client-address.ts'

export interface Exchange extends Arrival {
  readonly method: string
  /** The target of the request as it came, from its path on. */
  readonly url: string
  /** A connection that stays open is asked for, whatever the headers say of it. */
  readonly live?: boolean
  /** Whether the response's headers have left, so that no cookie can be set any more. */
  headersSent(): boolean
  /** Whether the response has been written to its end, or has lost its client. */
  isOver(): boolean
  /**
   * The session was looked at, at most once each: where there is one, the response is private (`no-store`); where there
   * is none, it is what it is for want of a cookie (`Vary`).
   */
  onRead(what: 'session' | 'absence'): void
  /** Something has to be committed before the response leaves. May be called more than once. */
  onChange(): void
}
