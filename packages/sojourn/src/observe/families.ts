/**
 * Measures under the names that Prometheus users expect: dots become underscores, the base unit is the last word
 * (`_seconds`, `_bytes`), and those of one name stand together. No series stands twice.
 *
 * @see https://prometheus.io/docs/practices/naming/
 */
import type { Measure } from '../core/measures.ts'

export interface Family {
  /** Without `_total`. */
  readonly name: string
  readonly kind: Measure['kind']
  /** `seconds`; empty for what is counted by the piece. */
  readonly unit: string
  readonly help: string
  /** By their labels, as they are written. */
  readonly series: ReadonlyMap<string, Measure>
}

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' }

/** Of two that report the same series the first stands, as of two kinds under one name: a store that is shared reports once. */
export function familiesOf(measures: readonly Measure[]): readonly Family[] {
  const families = new Map<string, OpenFamily>()
  for (const measure of measures) {
    const own = familyOf(measure)
    const family = families.get(own.name) ?? own
    const { kind } = measure
    const labels = labelsOf(measure.attributes)
    families.set(own.name, family)
    if (family.kind === kind && !family.series.has(labels)) family.series.set(labels, measure)
  }
  return [...families.values()]
}

type OpenFamily = Family & { readonly series: Map<string, Measure> }

function familyOf({ name, kind, unit: short, description: help }: Measure): OpenFamily {
  const unit = UNITS[short] ?? ''
  return { name: familyName(name, unit), kind, unit, help, series: new Map() }
}

function familyName(dotted: string, unit: string): string {
  const name = dotted
    .replace(/[^A-Za-z0-9_]/g, '_')
    .replace(/^(?=\d|$)/, '_')
    .replace(/_total$/, '')
  return unit === '' || name.endsWith(`_${unit}`) ? name : `${name}_${unit}`
}

/** `kind="none",reason="absent"`. */
function labelsOf(attributes: Measure['attributes']): string {
  const labels = new Map(
    Object.entries(attributes).map(([name, value]) => [name.replace(/[^A-Za-z0-9_]|^(?=\d)/g, '_'), value]),
  )
  return [...labels].map(([name, value]) => `${name}="${escaped(value)}"`).join(',')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
