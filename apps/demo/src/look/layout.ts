/** The frame of every page: who is signed in, what is in the basket, and the way around. */
import type { Account } from '../people/accounts.ts'
import { countOf } from '../shop/basket.ts'
import { type Answer, document } from '../web/answer.ts'
import { type Content, html } from '../web/html.ts'
import type { Visit } from '../web/visit.ts'
import { FAVICON_PATH, STYLES_PATH } from './assets.ts'
import { noticeText } from './notices.ts'
import { mark } from './icons.ts'

export interface Page {
  readonly title: string
  readonly main: Content
  readonly status?: number
  /** How wide the text runs. Default `wide`. */
  readonly width?: 'wide' | 'medium' | 'narrow'
}

/** A page for whoever is visiting. */
export function page(visit: Visit, { title, main, status = 200, width = 'wide' }: Page): Answer {
  const here = visit.url.pathname
  const header = masthead(here, countOf(visit.session.data.basket ?? {}), who(visit.account, here))
  const notice = noticeText(visit.url.searchParams.get('notice'))
  const shown = notice !== undefined && html`<p class="notice" role="status">${notice}</p>`
  return document(status, frame(title, header, html`<main id="main" class="${width}">${shown}${main}</main>`))
}

/** A page when nobody can say who is visiting: it must look neither signed in nor signed out. */
export function impersonalPage({ title, main, status = 200 }: Page, headers: Answer['headers'] = {}): Answer {
  const header = masthead('', undefined, undefined)
  return document(status, frame(title, header, html`<main id="main" class="narrow">${main}</main>`), headers)
}

function frame(title: string, header: Content, main: Content): Content {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Wayside</title>
<link rel="stylesheet" href="${STYLES_PATH}">
<link rel="icon" href="${FAVICON_PATH}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${header}
${main}
<footer class="footer"><p>Wayside is a demonstration of Sojourn sessions. Nothing is sold and nothing is sent.</p></footer>
</body>
</html>
`
}

function masthead(here: string, count: number | undefined, person: Content): Content {
  return html`<header class="masthead"><div class="bar">
<a class="brand" href="/">${mark}<span>Wayside</span></a>
<nav aria-label="Shop"><ul>
<li>${link('/', 'Shop', here)}</li>
<li>${link('/basket', html`Basket${count !== undefined && count > 0 && badge(count)}`, here)}</li>
</ul></nav>
${person}
</div></header>`
}

function badge(count: number): Content {
  return html` <span class="count"><span class="quiet-label">contains </span>${count}</span>`
}

function who(account: Account | undefined, here: string): Content {
  if (account === undefined) {
    return html`<nav class="who" aria-label="Account"><ul>
<li>${link('/sign-in', 'Sign in', here)}</li>
<li>${link('/sign-up', 'Sign up', here, 'button small')}</li>
</ul></nav>`
  }
  return html`<nav class="who" aria-label="Account"><p class="whoami" title="Signed in as ${account.email}"><span class="quiet-label">Signed in as </span>${account.email}</p><ul>
<li>${link('/account', 'Account', here)}</li>
<li>${link('/devices', 'Devices', here)}</li>
<li><form method="post" action="/sign-out"><button class="link">Sign out</button></form></li>
</ul></nav>`
}

function link(path: string, text: Content, here: string, look?: string): Content {
  return html`<a href="${path}"${look !== undefined && html` class="${look}"`}${path === here && html` aria-current="page"`}>${text}</a>`
}
