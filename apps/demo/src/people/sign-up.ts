/** Making an account. This shop sends no mail, so it cannot hide that an e-mail has an account already. */
import { postForm, textField } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { field, passwordField } from '../web/form.ts'
import { html } from '../web/html.ts'
import { returnPath } from '../web/return-path.ts'
import { query, seeOther, type Visit } from '../web/visit.ts'
import { isEmail, normalEmail } from './accounts.ts'
import { hashPassword, problemWithPassword } from './passwords.ts'

interface SignUpPage {
  readonly wanted: string
  readonly email?: string
  readonly emailProblem?: string | undefined
  readonly passwordProblem?: string | undefined
}

export function askToSignUp(visit: Visit): void {
  const wanted = query(visit, 'return')
  if (visit.account === undefined) signUpPage(visit, { wanted })
  else seeOther(visit, returnPath(wanted, '/account'))
}

export async function signUp(visit: Visit): Promise<void> {
  const { session, shop } = visit
  const email = normalEmail(field(visit, 'email'))
  const password = passwordField(visit, 'password')
  const wanted = field(visit, 'return')
  const emailProblem = isEmail(email) ? undefined : 'Write an e-mail address such as ada@example.com.'
  const passwordProblem = problemWithPassword(password, email)
  if (emailProblem !== undefined || passwordProblem !== undefined)
    return signUpPage(visit, { wanted, email, emailProblem, passwordProblem })
  const account = shop.accounts.create(email, await hashPassword(password))
  if (account === undefined) {
    const taken = 'This e-mail has an account already. Sign in instead.'
    return signUpPage(visit, { wanted, email, emailProblem: taken })
  }
  const visitor = session.id
  const result = await session.signIn(account.id, { amr: ['pwd'] })
  if (result.kind !== 'signed-in') return seeOther(visit, '/sign-in')
  shop.diary.belongsTo(account.id, visitor)
  seeOther(visit, returnPath(wanted, '/?notice=welcome'))
}

function signUpPage(visit: Visit, { wanted, email = '', emailProblem, passwordProblem }: SignUpPage): void {
  const refused = emailProblem !== undefined || passwordProblem !== undefined
  const content = html`<input type="hidden" name="return" value="${wanted}">
${textField({
  name: 'email',
  label: 'E-mail',
  type: 'email',
  autocomplete: 'username',
  value: email,
  hint: 'Any address will do; nothing is sent to it.',
  error: emailProblem,
  focus: passwordProblem === undefined || emailProblem !== undefined,
})}
${textField({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'new-password',
  hint: 'At least 8 characters. A few unrelated words make a good one.',
  error: passwordProblem,
  focus: passwordProblem !== undefined && emailProblem === undefined,
})}
<button class="button full">Sign up</button>`
  sendPage(visit, {
    title: 'Sign up',
    width: 'narrow',
    status: refused ? 422 : 200,
    main: html`<h1>Make an account</h1>
${postForm(visit, { to: '/sign-up', look: 'panel', content })}
<p class="aside">Have an account? <a href="/sign-in${wanted !== '' && `?return=${encodeURIComponent(wanted)}`}">Sign in</a>.</p>`,
  })
}
