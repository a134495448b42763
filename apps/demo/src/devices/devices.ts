/** "My devices": where this account is signed in, and signing out of it. */
import type { Device } from 'sojourn'
import { deviceIcon } from '../look/icons.ts'
import { page } from '../look/layout.ts'
import { agoElement } from '../look/moments.ts'
import { membersOnly } from '../people/members-only.ts'
import { MOST_DEVICES } from '../shop.ts'
import type { Answer } from '../web/answer.ts'
import { field } from '../web/form.ts'
import { type Content, html } from '../web/html.ts'
import type { MemberVisit, Route } from '../web/visit.ts'
import { doOrAsk } from './pending.ts'

export const deviceRoutes: readonly Route[] = [
  { path: '/devices', get: membersOnly('/devices', devicesPage) },
  {
    path: '/devices/sign-out',
    post: membersOnly('/devices', (visit) =>
      doOrAsk(visit, { kind: 'sign-out-one', id: field(visit.form, 'id') }),
    ),
  },
  {
    path: '/devices/sign-out-others',
    post: membersOnly('/devices', (visit) => doOrAsk(visit, { kind: 'sign-out-others' })),
  },
  {
    path: '/devices/sign-out-everywhere',
    post: membersOnly('/devices', (visit) => doOrAsk(visit, { kind: 'sign-out-all' })),
  },
]

async function devicesPage(visit: MemberVisit): Promise<Answer> {
  const devices = await visit.session.devices()
  const ordered = devices.toSorted((left, right) => Number(right.current) - Number(left.current))
  return page(visit, {
    title: 'Your devices',
    width: 'medium',
    main: html`<h1>Your devices</h1>
<p class="lead">${devices.length === 1 ? 'You are signed in on this device only.' : `You are signed in on ${devices.length} devices.`} There can be ${MOST_DEVICES} at a time; one more signs out the one that was used least recently.</p>
<ul class="panel devices">${ordered.map(deviceItem)}</ul>
<div class="actions">
${devices.length > 1 && html`<form method="post" action="/devices/sign-out-others"><button class="button plain">Sign out all others</button></form>`}
<form method="post" action="/devices/sign-out-everywhere"><button class="button danger">Sign out everywhere</button></form>
</div>`,
  })
}

function deviceItem({ id, label, address, createdAt, seenAt, lifetime, current }: Device): Content {
  return html`<li class="device">${deviceIcon(label)}
<div class="device-words"><h2>${label}${current && html` <span class="tag">This device</span>`}${lifetime === 'remember' && html` <span class="tag soft">Remembered</span>`}</h2>
<p class="hint"><span class="fact">Active ${agoElement(seenAt)}</span> <span class="fact">Signed in ${agoElement(createdAt)}</span> <span class="fact address">${address}</span></p></div>
${!current && html`<form method="post" action="/devices/sign-out"><input type="hidden" name="id" value="${id}"><button class="button plain small">Sign out<span class="quiet-label"> ${label}, signed in ${agoElement(createdAt)}</span></button></form>`}
</li>`
}
