/**
 * Signing in and out. An unknown e-mail and a wrong password get the same answer after the same work, and the
 * order of steps closes the race with a password change: first `attempt`, then the stored hash is read and
 * compared, then `signIn`, which is refused if everything of this account was revoked since `attempt`.
 */
import { problemBox, textField } from '../look/fields.ts'
import { page } from '../look/layout.ts'
import { type Answer, seeOther } from '../web/answer.ts'
import { field } from '../web/form.ts'
import { html } from '../web/html.ts'
import { returnPath } from '../web/return-path.ts'
import type { Route, Visit } from '../web/visit.ts'
import { normalEmail } from './accounts.ts'
import { DEMO_EMAIL } from './demo-account.ts'
import { isPassword } from './passwords.ts'

export const signInRoutes: readonly Route[] = [
  { path: '/sign-in', get: askToSignIn, post: signIn },
  { path: '/sign-out', post: signOut },
  { path: '/signed-out', get: signedOut },
]

/** An id that no account has: the library is asked about it as about any other. */
const NOBODY = 'nobody'

function askToSignIn(visit: Visit): Answer {
  if (visit.account !== undefined) return seeOther('/account')
  return signInPage(visit, { wanted: visit.url.searchParams.get('return') ?? '' })
}

async function signIn(visit: Visit): Promise<Answer> {
  const { form, session, shop } = visit
  const email = normalEmail(field(form, 'email'))
  const wanted = field(form, 'return')
  const remember = form.get('remember') === 'yes'
  const id = shop.accounts.idOf(email)
  const attempt = await shop.sessions.attempt(id ?? NOBODY)
  const hash = id === undefined ? undefined : shop.accounts.passwordHash(id)
  if (!(await isPassword(hash, form.get('password') ?? ''))) {
    const problem = 'That e-mail and password do not belong together.'
    return signInPage(visit, { wanted, email, remember, problem, status: 401 })
  }
  const result = await session.signIn(attempt, { remember, amr: ['pwd'] })
  if (result.kind === 'signed-in') return seeOther(returnPath(wanted, '/?notice=signed-in'))
  const problem = 'Something changed in your account while you signed in. Please try again.'
  return signInPage(visit, { wanted, email, remember, problem, status: 409 })
}

interface SignInPage {
  readonly wanted: string
  readonly email?: string
  readonly remember?: boolean
  readonly problem?: string
  readonly status?: number
}

function signInPage(visit: Visit, shown: SignInPage): Answer {
  const { wanted, email = '', remember = false, problem, status = 200 } = shown
  return page(visit, {
    title: 'Sign in',
    width: 'narrow',
    status,
    main: html`<h1>Sign in</h1>
<form class="panel" method="post" action="/sign-in">${problemBox(problem)}
<input type="hidden" name="return" value="${wanted}">
${textField({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', value: email, focus: email === '' })}
${textField({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', focus: email !== '' })}
<div class="check"><input type="checkbox" id="remember" name="remember" value="yes"${remember && html` checked`} aria-describedby="remember-hint">
<label for="remember">Remember me on this device</label>
<p class="hint" id="remember-hint">For 30 days. Otherwise you are signed out when you close the browser.</p></div>
<button class="button full">Sign in</button></form>
<p class="aside">New here? <a href="/sign-up${wanted !== '' && `?return=${encodeURIComponent(wanted)}`}">Make an account</a>.
The password of ${DEMO_EMAIL} stands in the terminal that runs this shop.</p>`,
  })
}

async function signOut({ session }: Visit): Promise<Answer> {
  await session.signOut()
  return seeOther('/signed-out')
}

function signedOut(visit: Visit): Answer {
  if (visit.account !== undefined) return seeOther('/account')
  return page(visit, {
    title: 'Signed out',
    width: 'narrow',
    main: html`<div class="panel empty"><h1>You are signed out</h1>
<p>This browser holds nothing of your session any more, and its basket went with it.</p>
<p class="actions"><a class="button" href="/">Back to the shop</a> <a href="/sign-in">Sign in again</a></p></div>`,
  })
}
