/** The shop front, the basket and ordering. */
import { postForm } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { landscape, picture } from '../look/pictures.ts'
import { signInFirst } from '../people/members-only.ts'
import { field } from '../web/form.ts'
import { type Content, html } from '../web/html.ts'
import { Refusal } from '../web/refusal.ts'
import { seeOther, type Visit } from '../web/visit.ts'
import {
  type Basket,
  type BasketLine,
  linesOf,
  MOST_OF_ONE,
  totalOf,
  withOneMore,
  withQuantity,
} from './basket.ts'
import { price, type Product, PRODUCTS, productCalled } from './catalogue.ts'

export function showShop(visit: Visit): void {
  const basket = visit.session.data.basket ?? {}
  sendPage(visit, {
    title: 'Things for slow journeys',
    main: html`<section class="hero"><div><h1>Things for slow journeys</h1>
<p>A few well-made companions for people who stop on the way. Fill a basket first, sign in later: it comes along.</p></div>${landscape}</section>
<ul class="grid">${PRODUCTS.map((product) => card(visit, product, basket[product.slug] ?? 0))}</ul>`,
  })
}

function card(visit: Visit, { slug, name, about, cents, tint }: Product, inBasket: number): Content {
  const content = html`<input type="hidden" name="product" value="${slug}">
<button class="button small">Add<span class="quiet-label"> ${name} to the basket</span></button>`
  return html`<li class="card" id="${slug}">
<div class="picture ${tint}">${picture(slug)}</div>
<div class="words"><h2>${name}</h2><p>${about}</p></div>
<div class="buy"><div><p class="price">${price(cents)}</p>
${inBasket > 0 && html`<p class="in-basket"><a href="/basket">${inBasket} in your basket</a></p>`}</div>
${postForm(visit, { to: '/basket/add', content })}</div>
</li>`
}

export function showBasket(visit: Visit): void {
  const lines = linesOf(visit.session.data.basket ?? {})
  sendPage(visit, {
    title: 'Your basket',
    width: 'medium',
    main: html`<h1>Your basket</h1>${lines.length === 0 ? emptyBasket : fullBasket(visit, lines)}`,
  })
}

const emptyBasket = html`<div class="panel empty"><p>There is nothing in it yet.</p>
<p><a class="button" href="/">Look around the shop</a></p></div>`

function fullBasket(visit: Visit, lines: readonly BasketLine[]): Content {
  return html`<ul class="panel lines">${lines.map((line) => lineItem(visit, line))}</ul>
<div class="total"><p><span>Total</span> <strong>${price(totalOf(lines))}</strong></p>${nextStep(visit)}</div>`
}

function nextStep(visit: Visit): Content {
  const { account } = visit
  if (account === undefined)
    return html`<p class="hint">Your basket comes along when you sign in.</p><p class="actions"><a class="button" href="/sign-in?return=/basket">Sign in to order</a> <a href="/sign-up?return=/basket">or sign up</a></p>`
  const content = html`<button class="button">Place the order</button>`
  return html`<p class="hint">${account.address === '' ? html`No delivery address yet. <a href="/account">Add one</a> to your account.` : `To ${account.address.replace(/\s*\n\s*/g, ', ')}`}</p>
${postForm(visit, { to: '/orders', look: 'actions', content })}`
}

function lineItem(visit: Visit, { product, quantity, cents }: BasketLine): Content {
  const { slug, name, tint } = product
  const content = html`<input type="hidden" name="product" value="${slug}">
<button name="quantity" value="${quantity - 1}" aria-label="${quantity === 1 ? `Remove ${name}` : `One ${name} less`}">−</button>
<output aria-label="${name}: quantity">${quantity}</output>
<button name="quantity" value="${quantity + 1}" aria-label="One ${name} more"${quantity >= MOST_OF_ONE && html` disabled`}>+</button>`
  return html`<li class="line"><div class="picture ${tint}">${picture(slug)}</div>
<div class="line-name"><h2>${name}</h2><p class="hint">${price(product.cents)} each</p></div>
${postForm(visit, { to: '/basket/change', look: 'stepper', content })}
<p class="price">${price(cents)}</p></li>`
}

export async function addToBasket(visit: Visit): Promise<void> {
  const { slug } = chosenProduct(visit)
  const added = await editBasket(visit, (basket) => withOneMore(basket, slug))
  if (added) seeOther(visit, `/#${slug}`)
  else signInFirst(visit, '/')
}

export async function changeBasket(visit: Visit): Promise<void> {
  const { slug } = chosenProduct(visit)
  const quantity = field(visit, 'quantity')
  if (!/^\d$/.test(quantity)) throw new Refusal(400, `A basket takes 0 to ${MOST_OF_ONE} of a thing.`)
  const changed = await editBasket(visit, (basket) => withQuantity(basket, slug, Number(quantity)))
  if (changed) seeOther(visit, '/basket')
  else signInFirst(visit, '/basket')
}

/** Takes the basket and empties it in one step, so that two clicks make one order. */
export async function placeOrder(visit: Visit): Promise<void> {
  const { account, shop } = visit
  if (account === undefined) return signInFirst(visit, '/basket')
  let taken: Basket = {}
  const emptied = await editBasket(visit, (basket) => {
    taken = basket
    return {}
  })
  if (!emptied) return signInFirst(visit, '/basket')
  const lines = linesOf(taken).map(({ product, quantity, cents }) => ({
    name: product.name,
    quantity,
    cents,
  }))
  if (lines.length === 0) return seeOther(visit, '/basket')
  shop.orders.place(account.id, lines)
  seeOther(visit, '/account?notice=ordered')
}

/** False when the session ended while the request ran; nothing was changed then. */
async function editBasket({ session }: Visit, edit: (basket: Basket) => Basket): Promise<boolean> {
  const result = await session.update((data) => ({ ...data, basket: edit(data.basket ?? {}) }))
  return result.kind === 'changed'
}

function chosenProduct(visit: Visit): Product {
  const product = productCalled(field(visit, 'product'))
  if (product === undefined) throw new Refusal(400, 'This shop has no such thing.')
  return product
}
