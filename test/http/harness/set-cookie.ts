/**
 * The linter that every response of these tests passes: what `standards.md` B and H1 say of a session cookie, said
 * about the bytes that were sent.
 *
 * @see RFC 6265bis §4.1.1, §4.1.3, §5.5, §5.7
 */
import { headerLines, type WireResponse } from './wire.ts'

export interface SetCookie {
  readonly name: string
  readonly value: string
  /** By lower-case name; `''` for a flag. */
  readonly attributes: ReadonlyMap<string, string>
  readonly line: string
}

/** How the cookies of the sessions under test are meant to look. */
export interface CookiePolicy {
  /** Names that are session cookies besides those with a prefix. */
  readonly names?: readonly string[]
  readonly sameSite?: 'Lax' | 'Strict' | 'None'
  readonly domain?: string
  readonly partitioned?: boolean
  /** A development name goes out without `Secure`. */
  readonly development?: boolean
}

const LONGEST_MAX_AGE_SECONDS = 34_560_000
const PREFIX = /^__(Host-Http|Host|Http|Secure)-/
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const COOKIE_OCTETS = /^[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]*$/
const TOKEN = /^sjs_[A-Za-z0-9_-]{88}$/
/** A token, or whose session it is, as the application under test says it. */
const SESSION_DATA = /sjs_[A-Za-z0-9_-]{88}|"subject":"/

export function setCookies(response: WireResponse): readonly SetCookie[] {
  return headerLines(response, 'set-cookie').map(parseSetCookie)
}

/** Throws at a response that is not as it should be. */
export function linter(policy: CookiePolicy = {}): (response: WireResponse) => void {
  return (response) => {
    const problems = responseProblems(response, policy)
    if (problems.length > 0) throw new Error(problems.join('; '))
  }
}

/** What is wrong with a response, be it its cookies or that caches may keep it; empty when nothing is. */
export function responseProblems(response: WireResponse, policy: CookiePolicy = {}): readonly string[] {
  const problems = cookieProblems(response, policy)
  return SESSION_DATA.test(response.body) && !directives(response).includes('no-store')
    ? [...problems, 'session data is sent without no-store']
    : problems
}

/** What is wrong with the cookies of a response; empty when nothing is. */
export function cookieProblems(response: WireResponse, policy: CookiePolicy = {}): readonly string[] {
  const all = setCookies(response)
  const ours = all.filter(({ name, value }) => isSessionCookie(name, value, policy))
  return [
    ...repeatedNames(all),
    ...all.flatMap(grammarProblems),
    ...ours.flatMap((cookie) => sessionCookieProblems(cookie, policy)),
    ...(ours.length > 0 ? cachingProblems(response) : []),
  ]
}

function isSessionCookie(name: string, value: string, { names = [] }: CookiePolicy): boolean {
  return PREFIX.test(name) || names.includes(name) || value.startsWith('sjs_')
}

function repeatedNames(cookies: readonly SetCookie[]): readonly string[] {
  const names = cookies.map(({ name }) => name)
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is set twice`)
}

function grammarProblems({ name, value, line }: SetCookie): readonly string[] {
  const problems: string[] = []
  if (!COOKIE_NAME.test(name)) problems.push(`"${name}" is no cookie name`)
  if (!COOKIE_OCTETS.test(value)) problems.push(`${name} has a value outside cookie-octet`)
  if (Buffer.byteLength(name) + Buffer.byteLength(value) > 4096) problems.push(`${name} is above 4096 bytes`)
  if (/[^\x20-\x7E]/.test(line)) problems.push(`${name} is sent with bytes that are not printable ASCII`)
  return problems
}

function sessionCookieProblems(cookie: SetCookie, policy: CookiePolicy): readonly string[] {
  const { name, value, attributes } = cookie
  const wanted = new Map([
    ['path', '/'],
    ['httponly', ''],
    ['samesite', policy.sameSite ?? 'Lax'],
    ...(policy.development === true ? [] : [['secure', ''] as const]),
    // A cookie of one host has none, also when it is a former one that is being cleared.
    ...(policy.domain === undefined || name.startsWith('__Host-')
      ? []
      : [['domain', policy.domain] as const]),
    ...(policy.partitioned === true ? [['partitioned', ''] as const] : []),
  ])
  const problems: string[] = []
  for (const [key, expected] of wanted)
    if (attributes.get(key) !== expected)
      problems.push(`${name} has ${key} ${String(attributes.get(key))} instead of "${expected}"`)
  for (const key of attributes.keys())
    if (!wanted.has(key) && key !== 'max-age') problems.push(`${name} has the attribute ${key}`)
  if (policy.development !== true && !PREFIX.test(name)) problems.push(`${name} has no prefix`)
  if (name.startsWith('__Host-') && attributes.has('domain')) problems.push(`${name} has a domain`)
  return [...problems, ...lifeProblems(name, value, attributes.get('max-age'))]
}

/** Either a token, for at most 400 days, or nothing, for no time at all. */
function lifeProblems(name: string, value: string, maxAge: string | undefined): readonly string[] {
  if (value === '') return maxAge === '0' ? [] : [`${name} is emptied without Max-Age=0`]
  if (!TOKEN.test(value)) return [`${name} is set to something that is no token`]
  if (maxAge === undefined) return []
  const seconds = Number(maxAge)
  return Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_MAX_AGE_SECONDS
    ? []
    : [`${name} has Max-Age=${maxAge}`]
}

/** RFC 9111 §7.3: a Set-Cookie keeps no cache from storing the response. */
function cachingProblems(response: WireResponse): readonly string[] {
  const all = directives(response)
  const problems: string[] = []
  if (!all.includes('no-store')) problems.push('a session cookie is set without no-store')
  if (headerLines(response, 'cache-control').length > 1) problems.push('Cache-Control is sent twice')
  if (all.some((directive) => directive.startsWith('no-cache=')))
    problems.push('Cache-Control names a field in no-cache')
  return problems
}

function directives(response: WireResponse): readonly string[] {
  return headerLines(response, 'cache-control')
    .flatMap((line) => line.split(','))
    .map((text) => text.trim().toLowerCase())
}

function parseSetCookie(line: string): SetCookie {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const attributes = rest.map((text) => {
    const at = text.indexOf('=')
    return at === -1
      ? ([text.trim().toLowerCase(), ''] as const)
      : ([text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()] as const)
  })
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    attributes: new Map(attributes),
    line,
  }
}
