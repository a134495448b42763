/** Making an account. This shop sends no mail, so it cannot hide that an e-mail has an account already. */
import { textField } from '../look/fields.ts'
import { page } from '../look/layout.ts'
import { type Answer, seeOther } from '../web/answer.ts'
import { field } from '../web/form.ts'
import { html } from '../web/html.ts'
import { returnPath } from '../web/return-path.ts'
import type { Route, Visit } from '../web/visit.ts'
import { isEmail, normalEmail } from './accounts.ts'
import { hashPassword, problemWithPassword } from './passwords.ts'

export const signUpRoutes: readonly Route[] = [{ path: '/sign-up', get: askToSignUp, post: signUp }]

interface SignUpPage {
  readonly wanted: string
  readonly email?: string
  readonly emailProblem?: string | undefined
  readonly passwordProblem?: string | undefined
}

function askToSignUp(visit: Visit): Answer {
  if (visit.account !== undefined) return seeOther('/account')
  return signUpPage(visit, { wanted: visit.url.searchParams.get('return') ?? '' })
}

async function signUp(visit: Visit): Promise<Answer> {
  const { form, session, shop } = visit
  const email = normalEmail(field(form, 'email'))
  const password = form.get('password') ?? ''
  const wanted = field(form, 'return')
  const emailProblem = isEmail(email) ? undefined : 'Write an e-mail address such as ada@example.com.'
  const passwordProblem = problemWithPassword(password, email)
  if (emailProblem !== undefined || passwordProblem !== undefined)
    return signUpPage(visit, { wanted, email, emailProblem, passwordProblem })
  const account = shop.accounts.create(email, await hashPassword(password))
  if (account === undefined)
    return signUpPage(visit, {
      wanted,
      email,
      emailProblem: 'This e-mail has an account already. Sign in instead.',
    })
  const result = await session.signIn(account.id, { amr: ['pwd'] })
  return seeOther(result.kind === 'signed-in' ? returnPath(wanted, '/?notice=welcome') : '/sign-in')
}

function signUpPage(visit: Visit, { wanted, email = '', emailProblem, passwordProblem }: SignUpPage): Answer {
  const refused = emailProblem !== undefined || passwordProblem !== undefined
  return page(visit, {
    title: 'Sign up',
    width: 'narrow',
    status: refused ? 422 : 200,
    main: html`<h1>Make an account</h1>
<form class="panel" method="post" action="/sign-up">
<input type="hidden" name="return" value="${wanted}">
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
<button class="button full">Sign up</button></form>
<p class="aside">Have an account? <a href="/sign-in${wanted !== '' && `?return=${encodeURIComponent(wanted)}`}">Sign in</a>.</p>`,
  })
}
