/**
 * The session of a websocket handshake. No response waits here: a cookie cannot be set, and data is changed with
 * `update`.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ReadMode } from '../../core/verdict/copies.ts'
import type { Exchange } from '../exchange.ts'
import type { SessionHandle } from '../handle.ts'
import { type Problem, problem } from '../problem.ts'
import type { Sessions } from '../sessions.ts'
import { NodeArrival } from './exchange.ts'

export interface UpgradeOptions {
  /** Whether a visitor without session may connect. Default false: answered with 401. */
  readonly anonymous?: boolean
  /** Default: the manager's. */
  readonly mode?: ReadMode
}

/**
 * Checks a handshake (the server's `upgrade` event) before anything is spoken. `undefined`: it was refused, the socket
 * was answered and ended: 403 for a page of another site, 401 without session, 503 when nobody can know.
 */
export async function upgradeSession<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  request: IncomingMessage,
  socket: Duplex,
  { anonymous = false, mode }: UpgradeOptions = {},
): Promise<SessionHandle<Data, Attributes> | undefined> {
  // Node listens no more, and a connection that is reset meanwhile would end the process.
  socket.on('error', ignore)
  const session = await sessions.open(new Handshake(request), { mode })
  const isWelcome = anonymous || session.unavailable !== undefined || session.session !== undefined
  const refusal =
    session.refused ?? session.unavailable ?? (isWelcome ? undefined : problem('invalid_session'))
  if (socket.destroyed) return undefined
  if (refusal !== undefined) {
    refuse(socket, refusal)
    return undefined
  }
  socket.off('error', ignore)
  return session
}

function ignore(): void {}

/** There is no response that could carry a cookie, or wait. */
class Handshake extends NodeArrival implements Exchange {
  readonly live = true

  headersSent(): boolean {
    return true
  }

  isOver(): boolean {
    return true
  }

  onRead(): void {}

  onChange(): void {}
}

function refuse(socket: Duplex, { status, headers, body }: Problem): void {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' })
  // The client need not close its side for the connection to be over.
  socket.once('finish', () => socket.destroy())
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      ...lines.map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  )
}
