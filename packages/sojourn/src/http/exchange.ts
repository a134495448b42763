/** What an adapter tells the web core about one request, and what it is told back. */
import type { Arrival } from '../guard/client-address.ts'

export interface Exchange extends Arrival {
  readonly method: string
  /** The target of the request as it came, from its path on. */
  readonly url: string
  /** Whether the response's headers have left, so that no cookie can be set any more. */
  headersSent(): boolean
  /** Whether the response has been written to its end, or has lost its client. */
  isOver(): boolean
  /** The session was read: the response is private. Called at most once. */
  onRead(): void
  /** Something has to be committed before the response leaves. May be called more than once. */
  onChange(): void
}
