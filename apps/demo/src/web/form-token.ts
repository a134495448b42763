/**
 * The second layer against forms of other sites. The first is the library's and on by default: a write that a
 * browser says comes from elsewhere is refused before it gets here. The token also says that the page belongs to the
 * session as it is now: after a sign-in or a password in another tab, an older page has to be looked at again.
 */
import type { Request, RequestHandler } from 'express'
import type { ShopMiddleware } from '../shop.ts'
import { Refusal } from './refusal.ts'
import { type LocalPath, returnPath } from './return-path.ts'

/** Whoever gives a password needs no page of theirs to be recent: a visitor's token proves nothing (docs/csrf.md). */
const ENTRANCES: readonly string[] = ['/sign-in', '/sign-up']
const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

export function formToken(session: ShopMiddleware): RequestHandler {
  return (request, _response, next) => {
    const handle = session.of(request)
    const isOpen = READS.includes(request.method) || ENTRANCES.includes(request.path)
    if (isOpen || handle.session === undefined) return next()
    const { _csrf } = (request.body ?? {}) as { readonly _csrf?: unknown }
    if (handle.isCsrfToken(_csrf)) return next()
    throw new Refusal(
      403,
      'Nothing was done: since you opened it, your session changed in another tab of this browser. Open the page again and repeat what you did.',
      { title: 'This page was out of date', again: pageOf(request) },
    )
  }
}

/** Where the form stood; pages of this site say so (`Referrer-Policy: same-origin`). */
function pageOf(request: Request): LocalPath {
  return returnPath(URL.parse(request.get('referer') ?? '')?.pathname, '/')
}
