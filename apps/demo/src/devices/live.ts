/**
 * A connection that stays open while somebody looks at their devices: server-sent events. It tells what happens in
 * the account, and at once that this session was ended from another device. The library holds such a request to the
 * rules for writes, so no other site's page can listen.
 *
 *     event: happened   data: {"at":1767225600000,"event":"session.created","text":"Signed in on …"}
 *     event: ended      data: the notice to show, and nothing after it
 */
import type { EndReason, NoneReason } from 'sojourn'
import type { Notice } from '../look/notices.ts'
import { personOf } from '../diary/panel.ts'
import type { Visit } from '../web/visit.ts'

/** Proxies close what says nothing for a minute. */
const SIGN_OF_LIFE_MS = 25_000

const NOTICES: Readonly<Partial<Record<EndReason | NoneReason, Notice>>> = {
  revoked: 'elsewhere',
  'revoked-others': 'elsewhere',
  'credential-changed': 'new-password',
  'signed-out': 'other-tab',
  evicted: 'too-many',
}

export function tellLive({ session, shop, request, response }: Visit): void {
  const { verdict } = session
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    // nginx would wait for more before it passes anything on.
    'x-accel-buffering': 'no',
  })
  if (request.method === 'HEAD') return void response.end()
  if (verdict.kind !== 'valid') {
    response.end(message('ended', noticeFor(verdict.kind === 'none' ? verdict.reason : 'unknown')))
    return
  }
  response.write('retry: 2000\n\n')
  const over = new AbortController()
  const stops = [
    session.onEnd((reason) => finish(message('ended', noticeFor(reason)))),
    shop.diary.follow(personOf(session), (entry) => {
      response.write(message('happened', JSON.stringify(entry)))
    }),
  ]
  const signOfLife = setInterval(() => response.write(':\n\n'), SIGN_OF_LIFE_MS)
  // Without a word about the session: the browser comes back when the shop is open again.
  shop.closing.addEventListener('abort', () => finish(), { signal: over.signal })
  response.once('close', () => finish())

  /** Before anything else is written: what happens next is not for this page any more. */
  function finish(lastWords = ''): void {
    clearInterval(signOfLife)
    for (const stop of stops) stop()
    over.abort()
    response.end(lastWords)
  }
}

function noticeFor(reason: EndReason | NoneReason): Notice {
  return NOTICES[reason] ?? 'ended'
}

function message(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`
}
