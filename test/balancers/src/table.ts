/** What people read of the rows. */
import { NAMES } from './fleet.ts'
import type { Row } from './trial.ts'

type Column = readonly [title: string, width: number, of: (row: Row) => string]

const COLUMNS: readonly Column[] = [
  ['balancer', -8, ({ balancer }) => balancer],
  ['affinity', -8, ({ affinity }) => affinity],
  ['sessions in', -11, ({ sessions }) => sessions],
  ['phase, pause', -17, ({ phase }) => phase],
  ['requests', 8, ({ requests }) => String(requests)],
  ['failed', 6, ({ failed }) => String(failed)],
  ['wrong', 6, ({ wrong }) => String(wrong)],
  ['lost', 5, ({ lost }) => String(lost)],
  ['stale', 5, ({ stale }) => String(stale)],
  ['hits', 5, ({ hitRatio }) => (Number.isNaN(hitRatio) ? '–' : `${Math.round(hitRatio * 100)} %`)],
  ['moved', 5, ({ switches }) => String(switches)],
  ['share of each', 13, shares],
]

/** Of the columns: two lines. */
export const HEAD = `${[
  'failed: no answer, or 5xx.  wrong: somebody else’s session, signed out, or a write that is lost.',
  'lost: sessions that the store says are gone, or without a write.  stale: data from before a write of one’s own.',
  'hits: reads answered by a near copy.  moved: answers from another process than the one before.',
].join('\n')}\n\n${COLUMNS.map(([title, width]) => padded(title, width)).join('  ')}\n`

export function lineOf(row: Row): string {
  const notes = new Map<string, number>(Object.entries(row.failures))
  for (const problem of row.problems) notes.set(problem, (notes.get(problem) ?? 0) + 1)
  const cells = COLUMNS.map(([, width, of]) => padded(of(row), width)).join('  ')
  return `${cells}\n${[...notes].map(([note, count]) => `${' '.repeat(19)}${count} × ${note}\n`).join('')}`
}

function shares({ served }: Row): string {
  const all = NAMES.reduce((sum, name) => sum + served[name], 0)
  return NAMES.map((name) => Math.round((served[name] / all) * 100)).join(' / ')
}

function padded(text: string, width: number): string {
  return width < 0 ? text.padEnd(-width) : text.padStart(width)
}
