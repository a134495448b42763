/** The bar at the foot of every page: what the library just did for whoever is looking. */
import { agoElement } from '../look/moments.ts'
import type { ShopSession } from '../shop.ts'
import { type Content, html } from '../web/html.ts'
import type { Visit } from '../web/visit.ts'
import type { Entry, Person } from './diary.ts'

const MOST_SHOWN = 5

export function personOf({ id, subject }: ShopSession): Person {
  return { id, subject }
}

export function diaryPanel({ session, shop }: Visit): Content {
  const entries = shop.diary.read(personOf(session), MOST_SHOWN)
  return html`<aside class="diary" aria-label="What just happened"><details>
<summary><span class="diary-title">What just happened</span> <span class="diary-latest" id="diary-latest">${entries[0]?.text ?? nothingSaid(session)}</span></summary>
<ul id="diary-lines">${entries.map(entryItem)}</ul>
<template id="diary-line">${entryLine('', '', 'just now')}</template>
</details></aside>`
}

function nothingSaid({ verdict }: ShopSession): string {
  if (verdict.kind !== 'none') return 'Nothing since the shop was opened.'
  return verdict.reason === 'absent'
    ? 'Nothing yet: looking around stores nothing and sets no cookie.'
    : 'The session of this browser is over: what it still sends opens nothing.'
}

function entryItem({ at, event, text }: Entry): Content {
  return entryLine(text, event, agoElement(at))
}

function entryLine(text: string, event: string, when: Content): Content {
  return html`<li><span class="diary-text">${text}</span> <span class="diary-facts"><code>${event}</code> ${when}</span></li>`
}
