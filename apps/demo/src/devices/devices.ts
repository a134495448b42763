/** "My devices": where this account is signed in, and signing out of it. */
import type { Device } from 'sojourn'
import { LIVE_SCRIPT_PATH } from '../look/assets.ts'
import { postForm } from '../look/fields.ts'
import { deviceIcon } from '../look/icons.ts'
import { sendPage } from '../look/layout.ts'
import { agoElement } from '../look/moments.ts'
import { MOST_DEVICES } from '../shop.ts'
import { field } from '../web/form.ts'
import { type Content, html } from '../web/html.ts'
import type { MemberVisit, Visit } from '../web/visit.ts'
import { doOrAsk } from './pending.ts'

export async function signOutOne(visit: MemberVisit): Promise<void> {
  await doOrAsk(visit, { kind: 'sign-out-one', id: field(visit, 'id') })
}

export async function signOutOthers(visit: MemberVisit): Promise<void> {
  await doOrAsk(visit, { kind: 'sign-out-others' })
}

export async function signOutEverywhere(visit: MemberVisit): Promise<void> {
  await doOrAsk(visit, { kind: 'sign-out-all' })
}

export async function showDevices(visit: MemberVisit): Promise<void> {
  const devices = await visit.session.devices()
  const ordered = devices.toSorted((left, right) => Number(right.current) - Number(left.current))
  sendPage(visit, {
    title: 'Your devices',
    width: 'medium',
    script: LIVE_SCRIPT_PATH,
    main: html`<h1>Your devices</h1>
<p class="lead">${devices.length === 1 ? 'You are signed in on this device only.' : `You are signed in on ${devices.length} devices.`} There can be ${MOST_DEVICES} at a time; one more signs out the one that was used least recently.</p>
<div aria-live="polite"><p class="notice" id="stale" hidden>Something changed. <a href="/devices">Look again</a></p></div>
<ul class="panel devices">${ordered.map((device) => deviceItem(visit, device))}</ul>
<div class="actions">
${devices.length > 1 && postForm(visit, { to: '/devices/sign-out-others', content: html`<button class="button plain">Sign out all others</button>` })}
${postForm(visit, { to: '/devices/sign-out-everywhere', content: html`<button class="button danger">Sign out everywhere</button>` })}
</div>`,
  })
}

function deviceItem(visit: Visit, device: Device): Content {
  const { label, address, createdAt, seenAt, lifetime, current } = device
  return html`<li class="device">${deviceIcon(label)}
<div class="device-words"><h2>${label}${current && html` <span class="tag">This device</span>`}${lifetime === 'remember' && html` <span class="tag soft">Remembered</span>`}</h2>
<p class="hint"><span class="fact">Active ${agoElement(seenAt)}</span> <span class="fact">Signed in ${agoElement(createdAt)}</span> <span class="fact address">${address}</span></p></div>
${!current && signOutForm(visit, device)}
</li>`
}

function signOutForm(visit: Visit, { id, label, createdAt }: Device): Content {
  const content = html`<input type="hidden" name="id" value="${id}"><button class="button plain small">Sign out<span class="quiet-label"> ${label}, signed in ${agoElement(createdAt)}</span></button>`
  return postForm(visit, { to: '/devices/sign-out', content })
}
