/**
 * Families as text for a scrape, in either of two formats that differ in little.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ text format 0.0.4
 * @see https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md 1.0
 */
import type { Distribution } from '../core/measures.ts'
import type { Family } from './families.ts'

export type Format = 'text' | 'openmetrics'

export function expositionOf(families: readonly Family[], format: Format): string {
  const lines = families.flatMap((family) => [...headOf(family, format), ...samplesOf(family, format)])
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

/** The older format calls a counter by its samples' name. */
function headOf({ name, kind, unit, help }: Family, format: Format): readonly string[] {
  const isOpen = format === 'openmetrics'
  const named = kind === 'counter' && !isOpen ? `${name}_total` : name
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return [
    `# HELP ${named} ${isOpen ? text.replaceAll('"', '\\"') : text}`,
    `# TYPE ${named} ${kind}`,
    ...(isOpen && unit !== '' ? [`# UNIT ${named} ${unit}`] : []),
  ]
}

function samplesOf({ name, series }: Family, format: Format): readonly string[] {
  return [...series].flatMap(([labels, measure]) => {
    if (measure.kind === 'histogram') return bucketsOf(name, { labels, measure, format })
    return [sample(measure.kind === 'counter' ? `${name}_total` : name, labels, measure.value)]
  })
}

function bucketsOf(
  name: string,
  of: { readonly labels: string; readonly measure: Distribution; readonly format: Format },
): readonly string[] {
  const { labels, measure, format } = of
  let count = 0
  const buckets = measure.counts.map((own, bucket) => {
    count += own
    const bound = measure.bounds[bucket]
    const le = bound === undefined ? '+Inf' : boundText(bound, format)
    return sample(`${name}_bucket`, [labels, `le="${le}"`].filter(Boolean).join(','), count)
  })
  return [...buckets, sample(`${name}_sum`, labels, measure.sum), sample(`${name}_count`, labels, count)]
}

function boundText(bound: number, format: Format): string {
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}`
}

function numberText(value: number): string {
  return String(value).replace(/^(-?)Infinity$/, (_, sign: string) => `${sign || '+'}Inf`)
}
