/**
 * The session cookie: how a token is found among the cookies of a request, and how one is handed out.
 *
 * Reading is strict. The name is compared exactly, the value is taken as it stands (nothing is decoded), and two
 * cookies of our name are none: one of them was planted, and nobody can say which.
 *
 * @see RFC 6265bis §4.1.3 (prefixes), §4.2.2 (order of duplicates must not be relied on), §5.7
 */
import { stringifySetCookie } from 'cookie'
import type { ConfigProblem } from '../core/errors.ts'
import { BEARER } from './bearer.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'

export interface CookieOptions {
  /** Default `__Host-Http-sid`; with `domain`, `__Http-sid`. Must start with `__Host-Http-` or `__Host-`; with `domain`, `__Http-` or `__Secure-`. */
  readonly name?: string
  /** Default `lax`; `none` needs `partitioned`. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** Shares the cookie with all hosts below; default this host only. */
  readonly domain?: string
  /** For pages that live inside other sites' frames (CHIPS). Default false. */
  readonly partitioned?: boolean
  /** Former names, still read; a request that brings one is given the present name. */
  readonly acceptNames?: readonly string[]
  /** A name without prefix, sent without `Secure`, for development on this machine with a browser that needs it. */
  readonly unsafeDevelopmentName?: string
}

export interface CookieSettings {
  readonly name: string
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly domain: string | undefined
  readonly partitioned: boolean
  readonly acceptNames: readonly string[]
  readonly secure: boolean
}

export type FoundToken =
  | { readonly kind: 'absent' }
  | { readonly kind: 'found'; readonly name: string; readonly token: string }
  | { readonly kind: 'duplicate'; readonly name: string }

const ABSENT: FoundToken = { kind: 'absent' }
const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/
const DEFAULT_NAME = '__Host-Http-sid'
/** RFC 6265bis §5.5: browsers keep a cookie no longer. */
const LONGEST_MAX_AGE_SECONDS = 34_560_000

/** The token under our name, or under a former one. **Cost**: one scan of the header. */
export function findToken(header: string | undefined, settings: CookieSettings): FoundToken {
  if (typeof header !== 'string') return ABSENT
  const found = findNamed(header, settings.name)
  if (found.kind !== 'absent') return found
  for (const name of settings.acceptNames) {
    const former = findNamed(header, name)
    if (former.kind !== 'absent') return former
  }
  return ABSENT
}

/** `maxAgeMs` undefined: until the browser closes. */
export function tokenCookie(settings: CookieSettings, token: string, maxAgeMs: number | undefined): string {
  const maxAge =
    maxAgeMs === undefined
      ? {}
      : { maxAge: Math.min(Math.max(Math.floor(maxAgeMs / 1000), 1), LONGEST_MAX_AGE_SECONDS) }
  return stringifySetCookie({ ...attributes(settings, settings.name), ...maxAge, value: token })
}

/** Removes the cookie: a browser does so only when all attributes match those it was set with. */
export function clearedCookie(settings: CookieSettings, name: string): string {
  const { domain, ...rest } = attributes(settings, name)
  const isOfOneHost = name.startsWith('__Host-') || domain === undefined
  return stringifySetCookie({ ...rest, ...(isOfOneHost ? {} : { domain }), maxAge: 0, value: '' })
}

export function readCookieOptions(
  options: CookieOptions,
  usual: { readonly sameSite: 'lax' | 'strict' },
): { settings: CookieSettings; problems: readonly ConfigProblem[] } {
  const development = options.unsafeDevelopmentName
  const settings: CookieSettings = {
    name: development ?? options.name ?? (options.domain === undefined ? DEFAULT_NAME : '__Http-sid'),
    sameSite: options.sameSite ?? usual.sameSite,
    domain: options.domain,
    partitioned: options.partitioned ?? false,
    acceptNames: options.acceptNames ?? [],
    secure: development === undefined,
  }
  return { settings, problems: [...unknownKeys('cookie', options, KNOWN), ...problemsOf(settings, options)] }
}

const KNOWN: readonly string[] = [
  'name',
  'sameSite',
  'domain',
  'partitioned',
  'acceptNames',
  'unsafeDevelopmentName',
]

function findNamed(header: string, name: string): FoundToken {
  const pair = `${name}=`
  let found: string | undefined
  for (let at = header.indexOf(pair); at !== -1; at = header.indexOf(pair, at + pair.length)) {
    if (!startsPair(header, at)) continue
    if (found !== undefined) return { kind: 'duplicate', name }
    const end = header.indexOf(';', at)
    found = header.slice(at + pair.length, end === -1 ? undefined : end)
  }
  return found === undefined ? ABSENT : { kind: 'found', name, token: found }
}

/** Only a semicolon, or the start, and blanks may stand before a name. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--
  return before < 0 || header[before] === ';'
}

function attributes(
  settings: CookieSettings,
  name: string,
): Omit<Parameters<typeof stringifySetCookie>[0], 'value'> {
  const { sameSite, domain, partitioned, secure } = settings
  return {
    name,
    path: '/',
    httpOnly: true,
    secure,
    sameSite,
    partitioned,
    ...(domain === undefined ? {} : { domain }),
  }
}

function problemsOf(settings: CookieSettings, options: CookieOptions): readonly ConfigProblem[] {
  const { name, domain, sameSite, partitioned, acceptNames } = settings
  const problems: ConfigProblem[] = []
  const development: unknown = options.unsafeDevelopmentName
  const say = (path: string, message: string): void => void problems.push({ path: `cookie.${path}`, message })
  const wanted = domain === undefined ? ['__Host-Http-', '__Host-'] : ['__Http-', '__Secure-']
  if (typeof name !== 'string' || !COOKIE_NAME.test(name) || name === BEARER)
    say('name', 'Write 1 to 128 characters that a cookie name may have.')
  else if (settings.secure && !wanted.some((prefix) => name.startsWith(prefix))) {
    say(
      'name',
      `A session cookie ${domain === undefined ? 'without' : 'with'} \`domain\` starts with ${wanted.join(' or ')}.`,
    )
  }
  if (options.unsafeDevelopmentName !== undefined && options.name !== undefined)
    say('unsafeDevelopmentName', 'Write either `name` or `unsafeDevelopmentName`.')
  if (typeof development === 'string' && development.startsWith('__'))
    say('unsafeDevelopmentName', 'A development name has no prefix.')
  if (domain !== undefined && !(typeof domain === 'string' && DOMAIN.test(domain)))
    say('domain', 'Write a host name such as example.com, in lower case and without a leading dot.')
  if (!['lax', 'strict', 'none'].includes(sameSite)) say('sameSite', "Write 'lax', 'strict' or 'none'.")
  if (typeof partitioned !== 'boolean') say('partitioned', 'Write true or false.')
  if (sameSite === 'none' && !partitioned)
    say(
      'sameSite',
      "'none' sends the cookie from every site; it is accepted together with `partitioned: true` only.",
    )
  if (partitioned && !settings.secure)
    say('partitioned', 'A partitioned cookie must be Secure, which `unsafeDevelopmentName` is not.')
  if (
    !Array.isArray(acceptNames) ||
    !acceptNames.every(
      (former) =>
        typeof former === 'string' && COOKIE_NAME.test(former) && former !== name && former !== BEARER,
    )
  ) {
    say('acceptNames', 'Write a list of former cookie names, without the present one.')
  }
  return problems
}
