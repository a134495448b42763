/** A new password. It ends every other session of the account; the one at hand goes on with a new token. */
import { postForm, textField } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { passwordField } from '../web/form.ts'
import { html } from '../web/html.ts'
import { type MemberVisit, seeOther } from '../web/visit.ts'
import { signInFirst } from './members-only.ts'
import { hashPassword, isPassword, problemWithPassword } from './passwords.ts'

export function askForPasswords(visit: MemberVisit): void {
  passwordPage(visit, {})
}

interface Problems {
  readonly present?: string
  readonly next?: string | undefined
}

/** The new hash is stored before the sessions end: whoever signs in after that is checked against it. */
export async function changePassword(visit: MemberVisit): Promise<void> {
  const { account, session, shop } = visit
  const next = passwordField(visit, 'new-password')
  const stored = shop.accounts.passwordHash(account.id)
  if (!(await isPassword(stored, passwordField(visit, 'password'))))
    return passwordPage(visit, { present: 'This is not your present password.' })
  const problem = problemWithPassword(next, account.email)
  if (problem !== undefined) return passwordPage(visit, { next: problem })
  shop.accounts.setPasswordHash(account.id, await hashPassword(next))
  const result = await session.credentialChanged()
  if (result.kind === 'changed') seeOther(visit, '/account?notice=password')
  else signInFirst(visit, '/account')
}

function passwordPage(visit: MemberVisit, { present, next }: Problems): void {
  const content = html`<input class="quiet-label" type="text" name="username" value="${visit.account.email}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${textField({ name: 'password', label: 'Present password', type: 'password', autocomplete: 'current-password', error: present, focus: next === undefined })}
${textField({
  name: 'new-password',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hint: 'At least 8 characters. All your other devices are signed out.',
  error: next,
  focus: next !== undefined,
})}
<button class="button full">Change the password</button>`
  sendPage(visit, {
    title: 'Change the password',
    width: 'narrow',
    status: present === undefined && next === undefined ? 200 : 422,
    main: html`<h1>Change the password</h1>
${postForm(visit, { to: '/account/password', look: 'panel', content })}
<p class="aside"><a href="/account">Keep the present one</a></p>`,
  })
}
