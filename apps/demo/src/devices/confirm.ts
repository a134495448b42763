/** "Is it still you?": asks for the password, then goes on with what was asked for. */
import { textField } from '../look/fields.ts'
import { page } from '../look/layout.ts'
import { membersOnly, signInFirst } from '../people/members-only.ts'
import { isPassword } from '../people/passwords.ts'
import { type Answer, seeOther } from '../web/answer.ts'
import { html } from '../web/html.ts'
import type { MemberVisit, Route } from '../web/visit.ts'
import { doOrAsk, pageOf, type PendingAction } from './pending.ts'

export const confirmRoutes: readonly Route[] = [
  {
    path: '/confirm',
    get: membersOnly('/account', (visit) => confirmPage(visit)),
    post: membersOnly('/account', confirm),
  },
]

async function confirm(visit: MemberVisit): Promise<Answer> {
  const { account, form, session, shop } = visit
  const action = session.data.pending
  if (action === undefined) return seeOther('/account')
  if (!(await isPassword(shop.accounts.passwordHash(account.id), form.get('password') ?? '')))
    return await confirmPage(visit, 'This is not your password.')
  const elevated = await session.elevate({ amr: ['pwd'] })
  if (elevated.kind !== 'changed') return signInFirst(visit, pageOf(action))
  await session.update((data) => {
    delete data.pending
  })
  return await doOrAsk(visit, action)
}

async function confirmPage(visit: MemberVisit, problem?: string): Promise<Answer> {
  const action = visit.session.data.pending
  if (action === undefined) return seeOther('/account')
  return page(visit, {
    title: 'Is it still you?',
    width: 'narrow',
    status: problem === undefined ? 200 : 422,
    main: html`<h1>Is it still you?</h1>
<form class="panel" method="post" action="/confirm">
<p>You are about to ${await aboutTo(visit, action)}. Please give your password again.</p>
<input class="quiet-label" type="text" name="username" value="${visit.account.email}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${textField({ name: 'password', label: 'Your password', type: 'password', autocomplete: 'current-password', error: problem, focus: true })}
<button class="button full">Continue</button></form>
<p class="aside"><a href="${pageOf(action)}">Never mind</a></p>`,
  })
}

async function aboutTo({ session }: MemberVisit, action: PendingAction): Promise<string> {
  if (action.kind === 'address') return 'change where your orders go'
  if (action.kind === 'sign-out-others') return 'sign out all your other devices'
  if (action.kind === 'sign-out-all') return 'sign out everywhere, here too'
  const device = (await session.devices()).find(({ id }) => id === action.id)
  return `sign out ${device?.label ?? 'another device'}`
}
