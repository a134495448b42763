/** "Is it still you?": asks for the password, then goes on with what was asked for. */
import { postForm, textField } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { signInFirst } from '../people/members-only.ts'
import { isPassword } from '../people/passwords.ts'
import { passwordField } from '../web/form.ts'
import { html } from '../web/html.ts'
import { type MemberVisit, seeOther } from '../web/visit.ts'
import { doOrAsk, pageOf, type PendingAction } from './pending.ts'

export async function askToConfirm(visit: MemberVisit): Promise<void> {
  await confirmPage(visit)
}

export async function confirm(visit: MemberVisit): Promise<void> {
  const { account, session, shop } = visit
  const action = session.data.pending
  if (action === undefined) return seeOther(visit, '/account')
  if (!(await isPassword(shop.accounts.passwordHash(account.id), passwordField(visit, 'password'))))
    return await confirmPage(visit, 'This is not your password.')
  const elevated = await session.elevate({ amr: ['pwd'] })
  if (elevated.kind !== 'changed') return signInFirst(visit, pageOf(action))
  await session.update((data) => {
    delete data.pending
  })
  await doOrAsk(visit, action)
}

async function confirmPage(visit: MemberVisit, problem?: string): Promise<void> {
  const action = visit.session.data.pending
  if (action === undefined) return seeOther(visit, '/account')
  const content = html`<p>You are about to ${await aboutTo(visit, action)}. Please give your password again.</p>
<input class="quiet-label" type="text" name="username" value="${visit.account.email}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${textField({ name: 'password', label: 'Your password', type: 'password', autocomplete: 'current-password', error: problem, focus: true })}
<button class="button full">Continue</button>`
  sendPage(visit, {
    title: 'Is it still you?',
    width: 'narrow',
    status: problem === undefined ? 200 : 422,
    main: html`<h1>Is it still you?</h1>
${postForm(visit, { to: '/confirm', look: 'panel', content })}
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
