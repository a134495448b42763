/**
 * Response headers for an application's own HTML: a content security policy with a nonce for each page, and what
 * keeps other sites from framing, embedding, opening and sniffing it. And the headers of the page after a sign-out.
 *
 * @see OWASP ASVS 5.0 3.4.1, 3.4.3 to 3.4.6, 3.4.8 and 14.3.1
 * @see https://www.w3.org/TR/CSP3/, RFC 6797, https://www.w3.org/TR/clear-site-data/
 */
import { type Duration, parseDuration } from '../core/policy/duration.ts'
import type { Environment } from '../core/environment.ts'
import { ConfigError, type ConfigProblem, InputError } from '../core/errors.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'

export interface PageHeaderOptions {
  /**
   * Directives that replace the default ones of the same name, or come on top. The source `'nonce'` stands for the
   * page's nonce; a directive that takes no values has an empty list.
   */
  readonly csp?: Readonly<Partial<Record<CspDirective, readonly string[]>>>
  /** `false`: no `Strict-Transport-Security`, for a site without HTTPS, or behind a proxy that sends it. */
  readonly hsts?: HstsOptions | false
  /** Randomness; default the system's. For tests. */
  readonly environment?: Environment
}

export interface HstsOptions {
  /** How long browsers speak nothing but HTTPS to this host, whole seconds. Default `'365d'`; `'0s'` calls it off. */
  readonly maxAge?: Duration
  /** All hosts below this one too. Default true. */
  readonly includeSubDomains?: boolean
  /** Consents to the lists that browsers ship; asks for at least `'365d'` and all hosts below. Default false. */
  readonly preload?: boolean
}

/** The headers of one page. Names are in lower case. */
export interface PageHeaders {
  /** For the `nonce` attribute of each script and inline style of this page. */
  readonly nonce: string
  readonly headers: Readonly<Record<string, string>>
}

const CSP_DIRECTIVES = [
  'default-src',
  'script-src',
  'script-src-elem',
  'script-src-attr',
  'style-src',
  'style-src-elem',
  'style-src-attr',
  'img-src',
  'font-src',
  'media-src',
  'connect-src',
  'worker-src',
  'manifest-src',
  'child-src',
  'frame-src',
  'object-src',
  'base-uri',
  'form-action',
  'frame-ancestors',
  'sandbox',
  'require-trusted-types-for',
  'trusted-types',
  'upgrade-insecure-requests',
  'report-to',
  'report-uri',
] as const

export type CspDirective = (typeof CSP_DIRECTIVES)[number]

export type ClearedKind = 'cache' | 'cookies' | 'storage'

/**
 * Makes the headers of each page. Options are checked here, once. **Cost** of a page: 18 random bytes and one text.
 *
 * @throws ConfigError listing every problem
 */
export function createPageHeadersIn(options: PageHeaderOptions, environment: Environment): () => PageHeaders {
  assertOptions(options)
  const pieces = policyText({ ...DEFAULT_POLICY, ...options.csp }).split(NONCE)
  const fixed = { ...FIXED, ...hstsHeader(options.hsts) }
  return () => {
    const nonce = environment.randomBytes(NONCE_BYTES).toString('base64url')
    return { nonce, headers: { 'content-security-policy': pieces.join(`'nonce-${nonce}'`), ...fixed } }
  }
}

/**
 * The headers of the answer to a sign-out: the browser throws away what it keeps for this site. Over HTTPS only;
 * `cookies` concerns the whole registrable domain, and also cookies that the same response sets.
 *
 * @param options `clear`: what, default cookies and storage. `cache` may take browsers seconds and is of no use when
 *   pages are `no-store`
 * @throws InputError `OPTION_INVALID`
 */
export function signedOutHeaders({
  clear = ['cookies', 'storage'],
}: {
  readonly clear?: readonly ClearedKind[]
} = {}): Readonly<Record<string, string>> {
  const isList = Array.isArray(clear) && clear.length > 0
  if (!isList || !clear.every((kind: ClearedKind) => CLEARED_KINDS.includes(kind)))
    throw new InputError('OPTION_INVALID', "clear: write a list of 'cache', 'cookies' and 'storage'.")
  const kinds = CLEARED_KINDS.filter((kind) => clear.includes(kind))
  return { 'clear-site-data': kinds.map((kind) => `"${kind}"`).join(', '), 'cache-control': 'no-store' }
}

const KNOWN: readonly string[] = ['csp', 'hsts', 'environment']
const KNOWN_HSTS: readonly string[] = ['maxAge', 'includeSubDomains', 'preload']
const CLEARED_KINDS: readonly ClearedKind[] = ['cache', 'cookies', 'storage']

const NONCE = "'nonce'"
const NONCE_BYTES = 18
const USUAL_MAX_AGE: Duration = '365d'
const YEAR_MS = 365 * 86_400_000

type Policy = Readonly<Partial<Record<CspDirective, readonly string[]>>>

const DEFAULT_POLICY: Policy = {
  'default-src': ["'self'"],
  'script-src': [NONCE],
  'style-src': ["'self'", NONCE],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
}

const FIXED: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  // Not `no-referrer`: under it browsers send `Origin: null` with the site's own forms.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // A kept page would have a nonce that the next response's policy does not name.
  'cache-control': 'no-store',
}

/** Directives in which an inline script would be allowed. */
const OF_SCRIPTS: readonly string[] = ['default-src', 'script-src', 'script-src-elem', 'script-src-attr']
const WITHOUT_VALUES: readonly string[] = ['sandbox', 'upgrade-insecure-requests']
const KEYWORDS: readonly string[] = [
  'self',
  'none',
  'nonce',
  'unsafe-inline',
  'unsafe-eval',
  'unsafe-hashes',
  'wasm-unsafe-eval',
  'strict-dynamic',
  'report-sample',
]
/** No semicolon or comma, which end a directive or a policy, and quotes only around the whole. */
const SOURCE = /^(?:'[\w+/=-]+'|[!"#$%&()*+\-./0-9:<=>?@A-Z[\\\]^_`a-z{|}~]+)$/

function policyText(policy: Policy): string {
  return Object.entries(policy)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ')
}

function hstsHeader(hsts: HstsOptions | false = {}): Readonly<Record<string, string>> {
  if (hsts === false) return {}
  const seconds = (parseDuration(hsts.maxAge ?? USUAL_MAX_AGE) ?? 0) / 1000
  const below = (hsts.includeSubDomains ?? true) ? '; includeSubDomains' : ''
  return {
    'strict-transport-security': `max-age=${seconds}${below}${hsts.preload === true ? '; preload' : ''}`,
  }
}

function assertOptions(options: PageHeaderOptions): void {
  const problems = [...unknownKeys('', options, KNOWN), ...policyProblems(options.csp)]
  if (options.hsts !== false) problems.push(...hstsProblems(options.hsts))
  if (problems.length > 0) throw new ConfigError(problems)
}

function policyProblems(csp: unknown = {}): readonly ConfigProblem[] {
  if (!isObject(csp)) return [{ path: 'csp', message: 'Write an object: directives, each with a list.' }]
  const problems = Object.entries(csp).flatMap(([name, sources]) =>
    directiveProblems(name, sources).map((message) => ({ path: `csp.${name}`, message })),
  )
  return [...unknownKeys('csp', csp, CSP_DIRECTIVES), ...problems]
}

function directiveProblems(name: string, sources: unknown): readonly string[] {
  if (!Array.isArray(sources) || !sources.every((source) => typeof source === 'string'))
    return ['Write a list of texts.']
  if (sources.length === 0 && !WITHOUT_VALUES.includes(name)) return [`Write ["'none'"] to allow nothing.`]
  if (sources.length > 1 && sources.includes("'none'"))
    return ["'none' stands alone: beside another source browsers ignore it."]
  return sources.flatMap((source: string) => sourceProblem(name, source) ?? [])
}

function sourceProblem(directive: string, source: string): string | undefined {
  if (KEYWORDS.includes(source))
    return `Write "'${source}'", with single quotes inside: without them it is the name of a host.`
  if (source.startsWith("'nonce-")) return `A nonce is for one page. Write "'nonce'", which stands for it.`
  if (source === "'unsafe-inline'" && OF_SCRIPTS.includes(directive))
    return 'This would let every planted script run. Give your own scripts the nonce.'
  if (SOURCE.test(source)) return undefined
  return `${JSON.stringify(source)} is not one source: write each as a text of its own, without blank, comma or semicolon.`
}

function hstsProblems(hsts: unknown = {}): readonly ConfigProblem[] {
  if (!isObject(hsts)) return [{ path: 'hsts', message: 'Write an object, or false.' }]
  const { maxAge = USUAL_MAX_AGE, includeSubDomains = true, preload = false } = hsts as HstsOptions
  const problems: ConfigProblem[] = [...unknownKeys('hsts', hsts, KNOWN_HSTS)]
  const ms = parseDuration(maxAge)
  if (ms === undefined || ms % 1000 !== 0)
    problems.push({ path: 'hsts.maxAge', message: "Write a duration of whole seconds, such as '365d'." })
  for (const [name, value] of Object.entries({ includeSubDomains, preload })) {
    if (typeof value !== 'boolean') problems.push({ path: `hsts.${name}`, message: 'Write true or false.' })
  }
  if (preload && ((ms ?? 0) < YEAR_MS || !includeSubDomains))
    problems.push({
      path: 'hsts.preload',
      message: "The preload lists take a site with `maxAge` of '365d' or more and `includeSubDomains` only.",
    })
  return problems
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
