/**
 * Signing in and out. An unknown e-mail and a wrong password get the same answer after the same work, and the
 * order of steps closes the race with a password change: first `attempt`, then the stored hash is read and
 * compared, then `signIn`, which is refused if everything of this account was revoked since `attempt`.
 */
import { signedOutHeaders } from 'sojourn'
import { postForm, problemBox, textField } from '../look/fields.ts'
import { sendPage } from '../look/layout.ts'
import { field, passwordField } from '../web/form.ts'
import { html } from '../web/html.ts'
import { returnPath } from '../web/return-path.ts'
import { query, seeOther, type Visit } from '../web/visit.ts'
import { normalEmail } from './accounts.ts'
import { DEMO_EMAIL } from './demo-account.ts'
import { isPassword } from './passwords.ts'

/** An id that no account has: the library is asked about it as about any other. */
const NOBODY = 'nobody'

export function askToSignIn(visit: Visit): void {
  const wanted = query(visit, 'return')
  if (visit.account === undefined) signInPage(visit, { wanted })
  else seeOther(visit, returnPath(wanted, '/account'))
}

export async function signIn(visit: Visit): Promise<void> {
  const { session, shop } = visit
  const email = normalEmail(field(visit, 'email'))
  const wanted = field(visit, 'return')
  const remember = field(visit, 'remember') === 'yes'
  const id = shop.accounts.idOf(email)
  const attempt = await shop.sessions.attempt(id ?? NOBODY)
  const hash = id === undefined ? undefined : shop.accounts.passwordHash(id)
  if (!(await isPassword(hash, passwordField(visit, 'password')))) {
    const problem = 'That e-mail and password do not belong together.'
    return signInPage(visit, { wanted, email, remember, problem, status: 401 })
  }
  const visitor = session.id
  const result = await session.signIn(attempt, { remember, amr: ['pwd'] })
  if (result.kind === 'signed-in') {
    shop.diary.belongsTo(attempt.subject, visitor)
    return seeOther(visit, returnPath(wanted, '/?notice=signed-in'))
  }
  const problem = 'Something changed in your account while you signed in. Please try again.'
  signInPage(visit, { wanted, email, remember, problem, status: 409 })
}

interface SignInPage {
  readonly wanted: string
  readonly email?: string
  readonly remember?: boolean
  readonly problem?: string
  readonly status?: number
}

function signInPage(visit: Visit, shown: SignInPage): void {
  const { wanted, email = '', remember = false, problem, status = 200 } = shown
  const content = html`${problemBox(problem)}
<input type="hidden" name="return" value="${wanted}">
${textField({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username', value: email, focus: email === '' })}
${textField({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password', focus: email !== '' })}
<div class="check"><input type="checkbox" id="remember" name="remember" value="yes"${remember && html` checked`} aria-describedby="remember-hint">
<label for="remember">Remember me on this device</label>
<p class="hint" id="remember-hint">For 30 days. Otherwise you are signed out when you close the browser.</p></div>
<button class="button full">Sign in</button>`
  sendPage(visit, {
    title: 'Sign in',
    width: 'narrow',
    status,
    main: html`<h1>Sign in</h1>
${postForm(visit, { to: '/sign-in', look: 'panel', content })}
<p class="aside">New here? <a href="/sign-up${wanted !== '' && `?return=${encodeURIComponent(wanted)}`}">Make an account</a>.
The password of ${DEMO_EMAIL} stands in the terminal that runs this shop.</p>`,
  })
}

export async function signOut(visit: Visit): Promise<void> {
  await visit.session.signOut()
  leave(visit)
}

/**
 * The way out. The browser throws away what pages of this origin have stored in it; nothing of the session depends on
 * that, the store has ended it and the cookie is gone with the same answer. `cookies` is left out of the list: it
 * reaches the whole registrable domain, on localhost the cookies of everything that is being developed there.
 */
export function leave(visit: Pick<Visit, 'response'>): void {
  visit.response.set(signedOutHeaders({ clear: ['storage'] }))
  seeOther(visit, '/signed-out')
}

export function showSignedOut(visit: Visit): void {
  if (visit.account !== undefined) return seeOther(visit, '/account')
  sendPage(visit, {
    title: 'Signed out',
    width: 'narrow',
    main: html`<div class="panel empty"><h1>You are signed out</h1>
<p>This browser holds nothing of your session any more, and its basket went with it.</p>
<p class="actions"><a class="button" href="/">Back to the shop</a> <a href="/sign-in">Sign in again</a></p></div>`,
  })
}
