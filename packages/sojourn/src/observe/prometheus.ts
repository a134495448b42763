/**
 * What Prometheus scrapes. There is no authentication here: figures name no session and no subject, but they tell how
 * an application is doing, so they are for the inner network alone.
 */
import { collect } from '../core/counting/collect.ts'
import type { SelfMeasuring } from '../core/measures.ts'
import { eventLoop } from '../environment/event-loop.ts'
import { expositionOf, type Format } from './exposition.ts'
import { familiesOf } from './families.ts'

/** A `Request`, or as much of it as is looked at. */
export interface PrometheusRequest {
  readonly headers: { get(name: string): string | null }
}

const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/**
 * The measures of `sources` (sessions are one, `eventLoop` is one) as text. A source that fails is left out.
 *
 * @param options.format `text` (0.0.4, the default) or `openmetrics` (1.0)
 * **Cost**: some 500 µs for one manager.
 */
export function prometheusText(
  sources: readonly SelfMeasuring[],
  { format = 'text' }: { readonly format?: Format } = {},
): string {
  return expositionOf(familiesOf(collect(sources)), format)
}

/**
 * Answers scrapes with the measures of these sessions and of the event loop, in the format that the request accepts.
 * Never throws.
 *
 * In Hono, Deno or any server on web standards, hand it the request. Under `node:http`:
 *
 *     const answer = scrape()
 *     response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
 */
export function prometheusHandler(
  ...sources: readonly SelfMeasuring[]
): (request?: PrometheusRequest) => Response {
  return (request) => {
    const format = formatFor(request?.headers.get('accept') ?? '')
    const headers = { 'content-type': CONTENT_TYPE[format], 'cache-control': 'no-store' }
    return new Response(prometheusText([...sources, eventLoop], { format }), { headers })
  }
}

/** OpenMetrics for whoever names it and wants it no less than the older format. */
function formatFor(accept: string): Format {
  const wanted = accept.toLowerCase().split(',').map(wantOf)
  const best = (type: string): number =>
    Math.max(0, ...wanted.filter((want) => want.type === type && isSpoken(want)).map(({ q }) => q))
  const open = best('application/openmetrics-text')
  return open > 0 && open >= best('text/plain') ? 'openmetrics' : 'text'
}

interface Want {
  readonly type: string
  readonly version: string | undefined
  readonly q: number
}

function wantOf(text: string): Want {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim())
  const named = (name: string): string | undefined =>
    parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1)
  return { type, version: named('version'), q: Number(named('q') ?? 1) || 0 }
}

function isSpoken({ type, version }: Want): boolean {
  return type === 'text/plain' || version === undefined || version === '1.0.0'
}
