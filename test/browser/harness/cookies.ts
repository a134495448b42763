/** The session cookie as the browser has it, and the linter's opinion of every `Set-Cookie` that came. */
import type { BrowserContext, Cookie, Response } from 'playwright-core'
import { cookieProblems } from '../../http/harness/set-cookie.ts'

export const COOKIE = '__Host-Http-sid'

export interface CookiesSeen {
  readonly seen: readonly string[]
  readonly problems: readonly string[]
}

/** Listens to every response of the context from now on. */
export function watchCookies(context: BrowserContext): () => Promise<CookiesSeen> {
  const responses: Promise<CookiesSeen>[] = []
  context.on('response', (response) => void responses.push(lint(response)))
  return async () => {
    const all = await Promise.all(responses)
    return { seen: all.flatMap(({ seen }) => seen), problems: all.flatMap(({ problems }) => problems) }
  }
}

async function lint(response: Response): Promise<CookiesSeen> {
  const lines = await response.headersArray()
  const headers = lines.map(({ name, value }) => [name.toLowerCase(), value] as const)
  const wire = { status: response.status(), headers, body: '', complete: true, bytes: Buffer.alloc(0) }
  const seen = headers.filter(([name]) => name === 'set-cookie').map(([, line]) => line)
  return { seen, problems: cookieProblems(wire).map((problem) => `${response.url()}: ${problem}`) }
}

export async function sessionCookie(context: BrowserContext): Promise<Cookie | undefined> {
  const cookies = await context.cookies()
  return cookies.find(({ name }) => name === COOKIE)
}

export async function token(context: BrowserContext): Promise<string> {
  const cookie = await sessionCookie(context)
  if (cookie === undefined) throw new Error('This browser has no session cookie.')
  return cookie.value
}

/** Puts a token into a browser past all rules, as somebody with the machine in their hands could. */
export async function putToken(context: BrowserContext, url: string, value: string): Promise<void> {
  const https = url.replace('http:', 'https:')
  await context.addCookies([
    { name: COOKIE, value, url: https, secure: true, httpOnly: true, sameSite: 'Lax' },
  ])
}
