/**
 * From a request to an answer: assets, then the session, then the route. Only POST changes anything, and only
 * from a page of this site.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { withSessions } from 'sojourn/node'
import { confirmRoutes } from './devices/confirm.ts'
import { deviceRoutes } from './devices/devices.ts'
import { ASSETS } from './look/assets.ts'
import { accountRoutes } from './people/account.ts'
import { changePasswordRoutes } from './people/change-password.ts'
import { signInRoutes } from './people/sign-in.ts'
import { signUpRoutes } from './people/sign-up.ts'
import type { Shop, ShopSession } from './shop.ts'
import { shopRoutes } from './shop/pages.ts'
import { type Answer, COMMON_HEADERS } from './web/answer.ts'
import { isFromElsewhere } from './web/cross-site.ts'
import { brokenPage, notFoundPage, pageForError, unavailablePage } from './web/error-pages.ts'
import { type Form, readForm } from './web/form.ts'
import { Refusal } from './web/refusal.ts'
import type { Handler, Route, Visit } from './web/visit.ts'

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [shopRoutes, signInRoutes, signUpRoutes, accountRoutes, changePasswordRoutes, deviceRoutes, confirmRoutes]
    .flat()
    .map((route) => [route.path, route]),
)

export function createApp(shop: Shop): RequestListener {
  const pages = withSessions(
    shop.sessions,
    async (request, response, session) => write(response, await answerTo(shop, request, session)),
    { unavailable: 'pass', onError: report },
  )
  return (request, response) => {
    const asset = ASSETS.get(request.url ?? '')
    if (asset !== undefined && isReading(request)) write(response, asset)
    else pages(request, response)
  }
}

async function answerTo(shop: Shop, request: IncomingMessage, session: ShopSession): Promise<Answer> {
  try {
    return await visitRoute(shop, request, session)
  } catch (error) {
    const answer = pageForError(error)
    if (answer !== undefined) return answer
    report(error, request)
    return brokenPage()
  }
}

async function visitRoute(shop: Shop, request: IncomingMessage, session: ShopSession): Promise<Answer> {
  const { verdict } = session
  if (verdict.kind === 'unavailable') return unavailablePage(verdict.retryAfter)
  const url = urlOf(request)
  const visit = (form: Form): Visit => {
    const { subject } = session
    const account = subject === undefined ? undefined : shop.accounts.byId(subject)
    return { shop, session, url, account, form }
  }
  const found = ROUTES.get(url.pathname)
  if (found === undefined) return notFoundPage(visit(new Map()))
  const handler = handlerFor(found, request)
  return await handler(visit(request.method === 'POST' ? await readForm(request) : new Map()))
}

function handlerFor({ get, post }: Route, request: IncomingMessage): Handler {
  const handler = isReading(request) ? get : request.method === 'POST' ? post : undefined
  if (handler === undefined) {
    const allow = [get && 'GET, HEAD', post && 'POST'].filter(Boolean).join(', ')
    throw new Refusal(405, 'This address does not take that kind of request.', { allow })
  }
  if (handler === post && isFromElsewhere(request))
    throw new Refusal(403, 'This form was sent from another site, so nothing was done.')
  return handler
}

function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function urlOf({ url = '' }: IncomingMessage): URL {
  const parsed = url.startsWith('/') ? URL.parse(`http://localhost${url}`) : null
  if (parsed === null) throw new Refusal(400, 'This address cannot be read.')
  return parsed
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, 'content-length': length })
  response.end(body)
}

/** For the operator. The path goes without its query, which is the visitor's. */
function report(error: unknown, { method, url = '' }: IncomingMessage): void {
  console.error(`${method} ${url.split('?')[0]} failed:`, error)
}
