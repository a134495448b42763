/** The frame of every page: who is signed in, what is in the basket, the way around, and what just happened. */
import { diaryPanel } from '../diary/panel.ts'
import type { Account } from '../people/accounts.ts'
import { countOf } from '../shop/basket.ts'
import type { Shop } from '../shop.ts'
import { type Content, html, toText } from '../web/html.ts'
import type { LocalPath } from '../web/return-path.ts'
import { query, type Visit } from '../web/visit.ts'
import { FAVICON_PATH, STYLES_PATH } from './assets.ts'
import { postForm } from './fields.ts'
import { noticeText } from './notices.ts'
import { mark } from './icons.ts'
import { signpost } from './pictures.ts'

export interface Page {
  readonly title: string
  readonly main: Content
  readonly status?: number
  /** How wide the text runs. Default `wide`. */
  readonly width?: 'wide' | 'medium' | 'narrow'
  /** The address of a script. Everything on a page works without one. */
  readonly script?: string
}

export interface Apology {
  readonly status: number
  readonly title: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
  /** Where to go from here. Default: to the shop. */
  readonly next?: { readonly path: LocalPath; readonly text: string } | undefined
}

type Reply = Pick<Visit, 'response'> & { readonly shop: Pick<Shop, 'pageHeaders'> }

/** A page for whoever is visiting. */
export function sendPage(visit: Visit, page: Page): void {
  const here = visit.request.path
  const notice = noticeText(query(visit, 'notice'))
  const shown = notice !== undefined && html`<p class="notice" role="status">${notice}</p>`
  const header = masthead(here, countOf(visit.session.data.basket ?? {}), who(visit, here))
  const main = html`<main id="main" class="${page.width ?? 'wide'}">${shown}${page.main}</main>`
  send(visit, { ...page, body: html`${header}${main}${footer}${diaryPanel(visit)}` })
}

/** A page when nobody can say who is visiting: it must look neither signed in nor signed out. */
export function sendApology(reply: Reply, apology: Apology): void {
  const { status, title, text, headers = {}, next = { path: '/', text: 'To the shop' } } = apology
  reply.response.set(headers)
  const main = html`<main id="main" class="narrow"><div class="panel empty">${signpost}<h1>${title}</h1><p>${text}</p><p><a class="button plain" href="${next.path}">${next.text}</a></p></div></main>`
  send(reply, { title, status, body: html`${masthead('', undefined, undefined)}${main}${footer}` })
}

interface Document extends Pick<Page, 'title' | 'status' | 'script'> {
  readonly body: Content
}

function send({ response, shop }: Reply, { title, status = 200, script, body }: Document): void {
  const { nonce, headers } = shop.pageHeaders()
  const page = html`<!doctype html><html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Wayside</title>
<link rel="stylesheet" href="${STYLES_PATH}">
<link rel="icon" href="${FAVICON_PATH}" type="image/svg+xml">
${script !== undefined && html`<script type="module" src="${script}" nonce="${nonce}"></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>
`
  response.status(status).set(headers).type('html').send(toText(page))
}

const footer = html`<footer class="footer"><p>Wayside is a demonstration of Sojourn sessions. Nothing is sold and nothing is sent.</p></footer>`

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

function who(visit: Visit, here: string): Content {
  if (visit.account === undefined) {
    return html`<nav class="who" aria-label="Account"><ul>
<li>${link('/sign-in', 'Sign in', here)}</li>
<li>${link('/sign-up', 'Sign up', here, 'button small')}</li>
</ul></nav>`
  }
  return html`<nav class="who" aria-label="Account">${whoami(visit.account)}<ul>
<li>${link('/account', 'Account', here)}</li>
<li>${link('/devices', 'Devices', here)}</li>
<li>${postForm(visit, { to: '/sign-out', content: html`<button class="link">Sign out</button>` })}</li>
</ul></nav>`
}

function whoami({ email }: Account): Content {
  return html`<p class="whoami" title="Signed in as ${email}"><span class="quiet-label">Signed in as </span>${email}</p>`
}

function link(path: string, text: Content, here: string, look?: string): Content {
  return html`<a href="${path}"${look !== undefined && html` class="${look}"`}${path === here && html` aria-current="page"`}>${text}</a>`
}
