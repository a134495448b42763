/**
 * Where a request comes from, by what browsers say and pages cannot change: `Sec-Fetch-Site`, or `Origin` where
 * that is missing. A write from another origin is refused, and a sibling subdomain is another origin.
 *
 * Browsers have sent one of the two with every write since 2020: a client that says neither is none, and has no
 * cookies that somebody else could use.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 * @see https://pkg.go.dev/net/http#CrossOriginProtection, the same algorithm
 */
import type { ConfigProblem } from '../core/errors.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'

export interface CsrfOptions {
  /** `log`: nothing is refused, the event `csrf.rejected` says what would have been. Default `enforce`. */
  readonly mode?: 'enforce' | 'log'
  /** Other origins whose pages may send writes here: exact `scheme://host[:port]`. Default none. */
  readonly trustedOrigins?: readonly string[]
  /**
   * Also refuses requests that carry neither `Sec-Fetch-Site` nor `Origin`: with every write and websocket, browsers
   * send one of them. Default false: other clients send none.
   */
  readonly requireHeaders?: boolean
  /**
   * Path prefixes that are not checked, such as `/webhooks`, which stands for itself and all below. A path with
   * anything in it that a router could read differently (`//`, `..`, `%`, `\`) is checked all the same. Default none.
   */
  readonly unsafeExemptPaths?: readonly string[]
}

export interface CsrfSettings {
  readonly mode: 'enforce' | 'log'
  readonly trustedOrigins: ReadonlySet<string>
  readonly requireHeaders: boolean
  readonly exemptPaths: readonly string[]
}

/** What is asked of a request. Of a read, only the first two are; adapters make the rest getters. */
export interface CrossOriginFacts {
  readonly method: string
  /** A websocket handshake or an event stream: checked although it is a GET. */
  readonly live: boolean
  /** `Sec-Fetch-Site`; several lines joined with `, `. */
  readonly site: string | undefined
  /** `Origin`, joined likewise. */
  readonly origin: string | undefined
  /** Known for sure, from TLS here or from a trusted proxy; else `undefined`. */
  readonly scheme: 'http' | 'https' | undefined
  readonly host: string | undefined
  /** As received; a query may follow. */
  readonly path: string
}

export type CrossOriginReason =
  /** `Sec-Fetch-Site`: another site. */
  | 'cross-site'
  /** `Sec-Fetch-Site`: a sibling subdomain, or another port or scheme of this host. */
  | 'same-site'
  /** `Sec-Fetch-Site` is nothing that a browser sends. */
  | 'unknown-site'
  /** `Origin` is not ours. */
  | 'foreign-origin'
  /** `Origin: null`: a sandboxed frame, a file, a page under `Referrer-Policy: no-referrer`. */
  | 'opaque-origin'
  /** Neither header, and they are required. */
  | 'no-headers'

/** Whether the method promises to change nothing; names are compared exactly, as in HTTP. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/** Why a request is to be refused; `undefined` when it is not. **Cost** of a read: one comparison, no header. */
export function crossOriginReason(
  facts: CrossOriginFacts,
  settings: CsrfSettings,
): CrossOriginReason | undefined {
  if (isSafeMethod(facts.method) && !facts.live) return undefined
  const { site } = facts
  const reason = site === undefined ? reasonOfOrigin(facts, settings) : reasonOfSite(site)
  if (reason === undefined) return undefined
  const { origin } = facts
  const isTrusted = origin !== undefined && settings.trustedOrigins.has(origin)
  return isTrusted || isExempt(facts.path, settings.exemptPaths) ? undefined : reason
}

/**
 * @param options what the application passed as `csrf`, whatever it is
 * @returns `settings` undefined: the check is off
 */
export function readCsrfOptions(options: unknown): {
  readonly settings: CsrfSettings | undefined
  readonly problems: readonly ConfigProblem[]
} {
  if (options === false) return { settings: undefined, problems: [] }
  const problems = problemsOf(options)
  if (problems.length > 0) return { settings: undefined, problems }
  const given: CsrfOptions = options ?? {}
  const settings: CsrfSettings = {
    mode: given.mode ?? 'enforce',
    trustedOrigins: new Set(given.trustedOrigins),
    requireHeaders: given.requireHeaders ?? false,
    exemptPaths: [...(given.unsafeExemptPaths ?? [])],
  }
  return { settings, problems }
}

const KNOWN: readonly string[] = ['mode', 'trustedOrigins', 'requireHeaders', 'unsafeExemptPaths']
/** Before anything was looked at. */
type Unread = Readonly<Partial<Record<keyof CsrfOptions, unknown>>>

const DEFAULT_PORTS = { http: ':80', https: ':443' } as const
/** One origin as browsers serialise it; two header lines make none. */
const ONE_ORIGIN = /^https?:\/\/[^\s,/?#@\\]+$/
/** Segments that every router reads the same way. */
const PLAIN_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()*+,=:@-]+)+\/?$/

function reasonOfSite(site: string): CrossOriginReason | undefined {
  if (site === 'same-origin' || site === 'none') return undefined
  return site === 'cross-site' || site === 'same-site' ? site : 'unknown-site'
}

function reasonOfOrigin(facts: CrossOriginFacts, settings: CsrfSettings): CrossOriginReason | undefined {
  const { origin } = facts
  if (origin === undefined) return settings.requireHeaders ? 'no-headers' : undefined
  if (origin === 'null') return 'opaque-origin'
  return isOwn(origin, facts) ? undefined : 'foreign-origin'
}

/** Where the scheme is not known, the page's may be either: hosts alone are compared. */
function isOwn(origin: string, { scheme, host }: CrossOriginFacts): boolean {
  if (host === undefined || !ONE_ORIGIN.test(origin)) return false
  if (scheme !== undefined) return origin === originOf(scheme, host)
  return origin === originOf('https', host) || origin === originOf('http', host)
}

/** As a browser serialises it, also where a proxy has put the usual port into `Host`. */
function originOf(scheme: 'http' | 'https', host: string): string {
  const port = DEFAULT_PORTS[scheme]
  return `${scheme}://${(host.endsWith(port) ? host.slice(0, -port.length) : host).toLowerCase()}`
}

function isExempt(target: string, prefixes: readonly string[]): boolean {
  if (prefixes.length === 0) return false
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  return PLAIN_PATH.test(path) && prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

function problemsOf(options: unknown = {}): readonly ConfigProblem[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    return [{ path: 'csrf', message: 'Write an object, or false.' }]
  const { mode, trustedOrigins, requireHeaders, unsafeExemptPaths } = options as Unread
  const problems: ConfigProblem[] = [...unknownKeys('csrf', options, KNOWN)]
  if (mode !== undefined && mode !== 'enforce' && mode !== 'log')
    problems.push({ path: 'csrf.mode', message: "Write 'enforce' or 'log'." })
  if (requireHeaders !== undefined && typeof requireHeaders !== 'boolean')
    problems.push({ path: 'csrf.requireHeaders', message: 'Write true or false.' })
  return [
    ...problems,
    ...listProblems('csrf.trustedOrigins', trustedOrigins, originProblem),
    ...listProblems('csrf.unsafeExemptPaths', unsafeExemptPaths, pathProblem),
  ]
}

function listProblems(
  path: string,
  list: unknown,
  problemOf: (item: unknown) => string | undefined,
): readonly ConfigProblem[] {
  if (list === undefined) return []
  if (!Array.isArray(list)) return [{ path, message: 'Write a list of texts.' }]
  return list.flatMap((item: unknown, index) => {
    const message = problemOf(item)
    return message === undefined ? [] : [{ path: `${path}[${index}]`, message }]
  })
}

function originProblem(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return "Write text such as 'https://app.example'."
  if (origin === 'null')
    return '`null` is the origin of every sandboxed frame and of every file: anybody can send it. Remove it.'
  if (origin.includes('*')) return 'Origins are compared exactly, there are no wildcards. List each of them.'
  const url = /^https?:\/\//i.test(origin) ? URL.parse(origin) : null
  if (url === null)
    return "Write scheme, host and, where it is not the usual one, port: 'https://app.example'."
  if (url.origin === origin) return undefined
  return `Browsers send this origin as '${url.origin}': without path or slash at the end, in lower case, without the usual port. Write that.`
}

function pathProblem(path: unknown): string | undefined {
  if (path === '/') return 'This exempts every path. To check nothing, set `csrf: false`.'
  const isPlain = typeof path === 'string' && PLAIN_PATH.test(path) && !path.endsWith('/')
  if (isPlain && !path.includes('*')) return undefined
  return "Write a path such as '/webhooks', which stands for all below: no slash at the end, no wildcard or query, nothing encoded."
}
