/** What several parts know of themselves, put together so that one that fails takes nothing from the others. */
import type { Measure, SelfMeasuring } from '../measures.ts'

/**
 * Everything that the sources answer. One that throws, or answers no list, is left out and told to `failed`; so is
 * each measure that is none.
 */
export function collect(sources: Iterable<SelfMeasuring>, failed: () => void = () => {}): readonly Measure[] {
  return [...sources].flatMap((source) => {
    const found = asked(source)
    const sound = found?.filter(isMeasure) ?? []
    if (found === undefined || sound.length < found.length) failed()
    return sound
  })
}

function asked(source: SelfMeasuring): readonly Measure[] | undefined {
  try {
    const found: unknown = source.measures()
    if (found instanceof Promise) found.catch(() => {})
    return Array.isArray(found) ? (found as readonly Measure[]) : undefined
  } catch {
    return undefined
  }
}

/** Sources may be somebody else's, and not typed. */
function isMeasure(measure: Partial<Measure> | null | undefined): boolean {
  if (typeof measure !== 'object' || measure === null) return false
  const { name, description, unit, attributes } = measure
  if (typeof attributes !== 'object' || attributes === null) return false
  const texts = [name, description, unit, ...Object.values(attributes)]
  return texts.every((text) => typeof text === 'string') && hasValue(measure)
}

function hasValue(measure: Partial<Measure>): boolean {
  if (measure.kind === 'counter' || measure.kind === 'gauge') return typeof measure.value === 'number'
  if (measure.kind !== 'histogram') return false
  const { bounds, counts, sum } = measure
  return (
    Array.isArray(bounds) &&
    Array.isArray(counts) &&
    counts.length === bounds.length + 1 &&
    typeof sum === 'number'
  )
}
