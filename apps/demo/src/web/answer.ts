/** What a handler answers: a value that one place writes. A state-changing request is answered by a redirect. */
import { type Content, html, toText } from './html.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** A path of this site. Handlers write these as literals; what a client sends is looked up in `RETURN_PATHS`. */
export type LocalPath = `/${string}`

/** Only these forms, these styles, these pictures: no script at all, and no other site may frame a page. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** A page. Every page shows who is signed in, so none may be kept by a cache. */
export function document(status: number, content: Content, headers: Answer['headers'] = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: toText(html`<!doctype html>${content}`),
  }
}

/** After a POST: the page to look at now. 303 makes the browser GET it, so a reload repeats nothing. */
export function seeOther(path: LocalPath): Answer {
  return { status: 303, headers: { location: path, 'cache-control': 'no-store' }, body: '' }
}
