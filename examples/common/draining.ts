/**
 * A server that leaves without failing a request, behind load balancers of two kinds: those that ask `/ready` again and
 * again, and those that learn from what a process answers. Times fit the files in `deploy/`.
 *
 * It says that it leaves, takes what is still sent to it, and closes its port only when nobody sends any more: a
 * connection that waits in the system's queue when the port is closed is lost, and what was sent on it may not be sent
 * again. Idle connections are closed from the other side in the meantime, for the same reason.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface DrainingServer {
  readonly port: number
  /** Resolves when the last answer has left, after `noticeMs` or more, and 20 s more at most. Then close the sessions. */
  readonly drain: () => Promise<void>
}

export interface DrainingTimes {
  /** In which everybody learns of it: longer than the other side keeps an idle connection. Default 3000. */
  readonly noticeMs?: number
}

/** Longer than the other side keeps a connection that nobody uses. */
const IDLE_MS = 75_000
/** In which everybody learns of it. Longer than nginx keeps an idle connection, `keepalive_timeout` of the upstream. */
const NOTICE_MS = 3000
/** How often somebody who asks is told before it is believed: one failure may be a slip. */
const TOLD_TIMES = 2
/** How much longer at most for somebody who has asked before, and was not told often enough. */
const UNASKED_MS = 10_000
/** For the answers that are still under way. */
const LAST_ANSWERS_MS = 10_000
const POLL_MS = 100

/** Takes requests once this resolves. `port` 0: any free one. */
export async function drainingServer(
  listener: RequestListener,
  port: number,
  { noticeMs = NOTICE_MS }: DrainingTimes = {},
): Promise<DrainingServer> {
  let isDraining = false
  let isAsked = false
  let toldTimes = 0
  const told = Promise.withResolvers<void>()

  const server = createServer((request, response) => {
    if (isDraining) response.setHeader('connection', 'close')
    if (request.url === '/ready') {
      isAsked = true
      if (isDraining && ++toldTimes === TOLD_TIMES) told.resolve()
      response.writeHead(isDraining ? 503 : 200).end()
    } else if (isDraining && isPassedOn(request)) response.writeHead(502).end()
    else listener(request, response)
  })
  server.keepAliveTimeout = IDLE_MS
  await once(server.listen(port), 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    async drain() {
      isDraining = true
      await delay(noticeMs)
      if (isAsked) await Promise.race([told.promise, delay(UNASKED_MS)])
      const closed = once(server.close(), 'close')
      // Those whose answer was under way are idle later.
      const closing = setInterval(() => server.closeIdleConnections(), POLL_MS)
      const impatience = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS)
      await closed
      clearInterval(closing)
      clearTimeout(impatience)
    },
  }
}

/** Whether whoever sent it asks another process after a 502, and nothing can have happened twice then. */
function isPassedOn({ method = '', headers }: IncomingMessage): boolean {
  return headers['x-passed-on'] === '502' && ['GET', 'HEAD'].includes(method)
}
