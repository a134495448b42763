/** Pages for what did not work. They say what it means for the person, and never that somebody was signed out. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { type Problem, problemOf, RevokeUncertain } from 'sojourn'
import { type Apology, sendApology, sendPage } from '../look/layout.ts'
import { signpost } from '../look/pictures.ts'
import type { Shop } from '../shop.ts'
import { html } from './html.ts'
import { Refusal } from './refusal.ts'
import type { Handler } from './visit.ts'

export interface ErrorPages {
  /** For `expressSessions`: what the library answers on its own. */
  readonly answerProblem: (problem: Problem, request: IncomingMessage, response: ServerResponse) => void
  /** The last middleware of the application: what a handler threw. */
  readonly answerError: ErrorRequestHandler
  /** For whatever no route was found for. */
  readonly answerNothingHere: Handler
}

export function errorPages(shop: Pick<Shop, 'pageHeaders'>): ErrorPages {
  return {
    answerProblem(problem, _request, response) {
      // It is mounted in Express, so the response is Express's.
      sendApology({ shop, response: response as Response }, apologyForProblem(problem))
    },
    answerError(error: unknown, request, response, next) {
      if (response.headersSent) return next(error)
      const apology = apologyFor(error)
      if (apology === BROKEN) report(error, request)
      sendApology({ shop, response }, apology)
    },
    answerNothingHere(visit) {
      sendPage(visit, {
        title: 'Nothing here',
        width: 'narrow',
        status: 404,
        main: html`<div class="panel empty">${signpost}<h1>Nothing here</h1><p>This path leads nowhere. The shop is the other way.</p><p><a class="button" href="/">To the shop</a></p></div>`,
      })
    },
  }
}

/** The last handler of a route: it takes the methods that have none. */
export function refuseMethod(get: Handler | undefined, post: Handler | undefined): RequestHandler {
  const allow = [get && 'GET, HEAD', post && 'POST'].filter(Boolean).join(', ')
  return () => {
    throw new Refusal(405, 'This address does not take that kind of request.', { headers: { allow } })
  }
}

/** For the operator. The path goes without its query, which is the visitor's. */
export function report(error: unknown, { method, url = '' }: IncomingMessage): void {
  console.error(`${method} ${url.split('?')[0]} failed:`, error)
}

const BROKEN: Apology = {
  status: 500,
  title: 'Something broke',
  text: 'This is our fault and was written down. Going back and trying again may help.',
}

const UNCERTAIN: Apology = {
  status: 503,
  title: 'Not certain yet',
  text: 'The sessions that you ended are refused from now on, but that could not be written down yet. The shop keeps trying; look at your devices again in a moment.',
  headers: { 'retry-after': '5' },
}

/** By the code in a problem's document. */
const PROBLEMS: Readonly<Record<string, Omit<Apology, 'status' | 'headers'>>> = {
  cross_site_request: {
    title: 'Not from another site',
    text: 'This was sent by a page of another site, so nothing was done. If it was you: open the shop and do it there.',
  },
  insecure_request: {
    title: 'Please come in another way',
    text: 'This shop keeps sessions over HTTPS, and for visitors of this machine. Open it at the address that it printed when it started.',
  },
  invalid_session: {
    title: 'Your session has ended',
    text: 'It ended while this was being done, so nothing was done. Sign in and try again.',
    next: { path: '/sign-in', text: 'Sign in' },
  },
  temporarily_unavailable: {
    title: 'One moment, please',
    text: 'The shop cannot look up your session at the moment. You were not signed out and your basket is safe: reload this page in a few seconds.',
  },
  data_too_large: {
    title: 'That is too much',
    text: 'Your basket cannot hold that. What was in it before is still there.',
  },
}

/** `BROKEN` is for mistakes of ours. */
function apologyFor(error: unknown): Apology {
  if (error instanceof RevokeUncertain) return UNCERTAIN
  if (error instanceof Refusal) {
    const { status, title, message, headers, again } = error
    return { status, title, text: message, headers, next: again && { path: again, text: 'Open it again' } }
  }
  const problem = problemOf(error)
  return problem === undefined ? apologyForReading(error) : apologyForProblem(problem)
}

function apologyForProblem({ status, headers, body }: Problem): Apology {
  const { code } = JSON.parse(body) as { readonly code: string }
  return { ...(PROBLEMS[code] ?? BROKEN), status, headers }
}

/** What Express could not read carries the status of its answer. */
function apologyForReading(error: unknown): Apology {
  const { status } = error as { readonly status?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499) return BROKEN
  const text =
    status === 413
      ? 'That is more than this form can take.'
      : 'This form arrived damaged. Go back, reload the page and send it again.'
  return { status, title: 'That did not work', text }
}
