/** What an adapter tells the web core about one request, and what it is told back. */
export interface Exchange {
  /** The `Cookie` header; several lines joined with `; `. */
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  /** Whether the client is known to reach us over HTTPS, or to sit on this very machine. Asked before a cookie is set. */
  connection(): 'https' | 'loopback' | 'insecure'
  /** Asked at sign-in. */
  address(): string | undefined
  userAgent(): string | undefined
  /** Whether the response's headers have left, so that no cookie can be set any more. */
  headersSent(): boolean
  /** Whether the response has been written to its end, or has lost its client. */
  isOver(): boolean
  /** The session was read: the response is private. Called at most once. */
  onRead(): void
  /** Something has to be committed before the response leaves. May be called more than once. */
  onChange(): void
}
