/** Pages for what did not work. They say what it means for the person, and never that somebody was signed out. */
import { InputError, RevokeUncertain, SystemError } from 'sojourn'
import { impersonalPage, page } from '../look/layout.ts'
import type { Answer } from './answer.ts'
import { html } from './html.ts'
import { Refusal } from './refusal.ts'
import type { Visit } from './visit.ts'

export function notFoundPage(visit: Visit): Answer {
  return page(visit, {
    title: 'Nothing here',
    width: 'narrow',
    status: 404,
    main: html`<div class="panel empty"><h1>Nothing here</h1><p>This path leads nowhere. The shop is the other way.</p><p><a class="button" href="/">To the shop</a></p></div>`,
  })
}

/** Nobody can say now who is visiting. The cookie stays, so everything is as before once it works again. */
export function unavailablePage(retryAfter: number): Answer {
  return sorry(503, {
    title: 'One moment, please',
    text: 'The shop cannot look up your session at the moment. You were not signed out and your basket is safe: reload this page in a few seconds.',
    headers: { 'retry-after': String(retryAfter) },
  })
}

/** The page for what a handler threw; `undefined` for a mistake of ours, which should be reported as well. */
export function pageForError(error: unknown): Answer | undefined {
  if (error instanceof Refusal)
    return sorry(error.status, { title: 'That did not work', text: error.message, headers: error.headers })
  if (error instanceof RevokeUncertain) return uncertainPage()
  if (error instanceof SystemError) return unavailablePage(1)
  if (error instanceof InputError && error.code === 'INSECURE_REQUEST') {
    return sorry(403, {
      title: 'Please come in through localhost',
      text: 'This shop keeps sessions for visitors of this machine only. Open it at the address that it printed when it started.',
    })
  }
  return undefined
}

export function brokenPage(): Answer {
  return sorry(500, {
    title: 'Something broke',
    text: 'This is our fault and was written down. Going back and trying again may help.',
  })
}

function uncertainPage(): Answer {
  return sorry(503, {
    title: 'Not certain yet',
    text: 'The sessions that you ended are refused from now on, but that could not be written down yet. The shop keeps trying; look at your devices again in a moment.',
    headers: { 'retry-after': '5' },
  })
}

interface Apology {
  readonly title: string
  readonly text: string
  readonly headers?: Answer['headers']
}

function sorry(status: number, { title, text, headers = {} }: Apology): Answer {
  const main = html`<div class="panel empty"><h1>${title}</h1><p>${text}</p><p><a class="button plain" href="/">To the shop</a></p></div>`
  return impersonalPage({ title, status, main }, headers)
}
