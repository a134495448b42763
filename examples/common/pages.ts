/**
 * The pages that all examples show: what they say in HTML, and the headers that go with it. Whatever is put into a
 * page is escaped, and each form has its token.
 */
import { createPageHeaders, type Device, type HandleOf, type Problem, type Sessions } from 'sojourn'
import type { Person } from './people.ts'

/** What a session remembers. */
export interface AppData {
  theme: 'light' | 'dark'
}

type AppSession = HandleOf<Sessions<AppData>>

export interface Page {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// A browser would remember for a year that localhost speaks HTTPS only.
const pageHeaders = createPageHeaders(process.env['NODE_ENV'] === 'production' ? {} : { hsts: false })

export function homePage(session: AppSession, person: Person | undefined): Page {
  const theme = session.data.theme === 'dark' ? 'light' : 'dark'
  return page(
    session,
    `<h1>Hello ${escaped(person?.name ?? 'stranger')}</h1>
${
  person === undefined
    ? '<p><a href="/sign-in">Sign in</a></p>'
    : `<p><a href="/devices">My devices</a></p>
${form(session, '/sign-out', '<button>Sign out</button>')}`
}
${form(session, '/theme', `<button name="theme" value="${theme}">Make it ${theme}</button>`)}`,
  )
}

export function signInPage(session: AppSession, problem = ''): Page {
  return page(
    session,
    `<h1>Sign in</h1>
<p role="alert">${escaped(problem)}</p>
${form(
  session,
  '/sign-in',
  `<label>Name <input name="name" autocomplete="username" required></label>
${PASSWORD_FIELD}
<label><input name="remember" type="checkbox" value="yes"> Stay signed in on this device</label>
<button>Sign in</button>`,
)}`,
  )
}

/** `wantsPassword`: signing out the others waits until the password was given again. */
export async function devicesPage(
  session: AppSession,
  { wantsPassword = false }: { readonly wantsPassword?: boolean } = {},
): Promise<Page> {
  const devices = await session.devices()
  return page(
    session,
    `<h1>My devices</h1>
<ul>${devices.map(deviceItem).join('')}</ul>
${form(
  session,
  '/devices',
  wantsPassword
    ? `<p role="alert">Is it still you? Please give your password again.</p>
${PASSWORD_FIELD}
<button>Sign out all others</button>`
    : '<button>Sign out all others</button>',
)}
<p><a href="/">Back</a></p>`,
  )
}

export function sorryPage(text: string): Page {
  return page(undefined, `<h1>Sorry</h1>\n<p>${escaped(text)}</p>\n<p><a href="/">Back</a></p>`)
}

/** In place of the problem JSON that programs would want. */
export function problemPage({ title, headers }: Problem): Page {
  const sorry = sorryPage(title)
  return { ...sorry, headers: { ...headers, ...sorry.headers } }
}

export const OUT_OF_DATE = 'This form is out of date. Go back, reload the page and send it again.'
export const WRONG_PASSWORD = 'Wrong name or password.'
export const TOO_LATE = 'That took too long. Please sign in again.'

const PASSWORD_FIELD =
  '<label>Password <input name="password" type="password" autocomplete="current-password" required></label>'

function page(session: AppSession | undefined, main: string): Page {
  const { nonce, headers } = pageHeaders()
  const scheme = session?.data.theme === 'dark' ? 'dark' : 'light'
  return {
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sojourn example</title>
<style nonce="${nonce}">:root { color-scheme: ${scheme}; font-family: system-ui; padding: 2rem }</style>
${main}
</html>
`,
  }
}

function form(session: AppSession, action: string, fields: string): string {
  return `<form method="post" action="${action}">${session.csrfField()}\n${fields}</form>`
}

function deviceItem({ label, address, seenAt, current }: Device): string {
  const place = address === '' ? '' : ` at ${escaped(address)}`
  const seen = new Date(seenAt).toISOString()
  return `<li>${escaped(label)}${place}, <time datetime="${seen}">${seen}</time>${current ? ' (this one)' : ''}</li>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
