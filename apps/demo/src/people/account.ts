/** The account page and changing the delivery address, which asks for the password when it was given too long ago. */
import { postForm, problemBox } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { agoElement, dayElement } from '../look/moments.ts'
import { doOrAsk } from '../devices/pending.ts'
import { price } from '../shop/catalogue.ts'
import type { Order } from '../shop/orders.ts'
import { field } from '../web/form.ts'
import { type Content, html } from '../web/html.ts'
import type { MemberVisit } from '../web/visit.ts'

const LONGEST_ADDRESS = 300

export function showAccount(visit: MemberVisit): void {
  accountPage(visit)
}

export async function changeAddress(visit: MemberVisit): Promise<void> {
  const address = field(visit, 'address').replaceAll('\r\n', '\n')
  if (address.length > LONGEST_ADDRESS || /[^\P{Cc}\n]/u.test(address))
    return accountPage(visit, `Write an address of at most ${LONGEST_ADDRESS} characters.`)
  await doOrAsk(visit, { kind: 'address', address })
}

function accountPage(visit: MemberVisit, problem?: string): void {
  const { account, shop } = visit
  const orders = shop.orders.of(account.id)
  sendPage(visit, {
    title: 'Your account',
    width: 'medium',
    status: problem === undefined ? 200 : 422,
    main: html`<h1>Your account</h1>
<section class="panel"><h2>Signing in</h2>
<dl class="facts"><div><dt>E-mail</dt><dd>${account.email}</dd></div>
<div><dt>Member since</dt><dd>${dayElement(account.createdAt)}</dd></div></dl>
<p class="actions"><a class="button plain" href="/account/password">Change the password</a> <a class="button plain" href="/devices">See your devices</a></p></section>
<section class="panel"><h2>Delivery address</h2>${postForm(visit, { to: '/account/address', content: addressFields(account.address, problem) })}</section>
<section class="panel"><h2>Orders</h2>${orders.length === 0 ? html`<p class="hint">You have not ordered anything yet.</p>` : html`<ul class="orders">${orders.map(orderItem)}</ul>`}</section>`,
  })
}

function addressFields(address: string, problem: string | undefined): Content {
  return html`${problemBox(problem)}
<div class="field"><label for="address">Where orders go</label>
<textarea id="address" name="address" rows="3" autocomplete="street-address" maxlength="${LONGEST_ADDRESS}" aria-describedby="address-hint">
${address}</textarea>
<p class="hint" id="address-hint">Changing it asks for your password unless you gave it a moment ago.</p></div>
<button class="button">Save the address</button>`
}

function orderItem({ number, placedAt, cents, lines }: Order): Content {
  const things = lines
    .map(({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`))
    .join(', ')
  return html`<li><div><p><strong>Order ${number}</strong> <span class="hint">${agoElement(placedAt)}</span></p><p class="hint">${things}</p></div><p class="price">${price(cents)}</p></li>`
}
