/** Options that do not exist: a misspelt one must not be ignored, because it may be the one that protects. */
import type { ConfigProblem } from '../errors.ts'

export function unknownKeys(path: string, value: object, known: readonly string[]): readonly ConfigProblem[] {
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: advice(key, known) }))
}

function advice(key: string, known: readonly string[]): string {
  const nearest = known
    .map((name) => ({ name, distance: distance(key.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  if (nearest !== undefined && nearest.distance <= 2 + Math.floor(nearest.name.length / 4))
    return `There is no such option. Did you mean \`${nearest.name}\`?`
  return `There is no such option. Known are: ${known.join(', ')}.`
}

/** Levenshtein distance. */
function distance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const substitution = (previous[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, (previous[j] as number) + 1, (row[j - 1] as number) + 1))
    }
    previous = row
  }
  return previous[right.length] as number
}
