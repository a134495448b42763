// The part of docs/stores.md that says what holds on which topology. Each reason stands once, below the table.

import { type Judgement, PROMISES } from './judgements.ts'
import type { Topology } from './topologies.ts'

const START = '<!-- guarantees:start -->'
const END = '<!-- guarantees:end -->'

/** The document with the part between its markers replaced by what the stores declare. */
export function withGuarantees(document: string, topologies: readonly Topology[]): string {
  const from = document.indexOf(START)
  const to = document.indexOf(END)
  if (from < 0 || to < from)
    throw new Error(`docs/stores.md needs the markers ${START} and ${END}, in this order.`)
  return `${document.slice(0, from + START.length)}\n\n${rendered(topologies)}\n\n${document.slice(to)}`
}

function rendered(topologies: readonly Topology[]): string {
  const reasons: string[] = []
  const cell = ({ holds, because }: Judgement): string => {
    if (!reasons.includes(because)) reasons.push(because)
    return `${holds ? 'holds' : '**not**'} (${letterOf(reasons.indexOf(because))})`
  }
  const rows = PROMISES.map(({ number, text, judge }) =>
    row([String(number), text, ...topologies.map((topology) => cell(judge(topology)))]),
  )
  const head = ['#', 'promise', ...topologies.map(({ name }) => name)]
  return [
    row(head),
    `|${'---|'.repeat(head.length)}`,
    ...rows,
    '',
    ...reasons.map((reason, index) => `- (${letterOf(index)}) ${reason}`),
    '',
    ...deviations(topologies),
  ].join('\n')
}

function deviations(topologies: readonly Topology[]): readonly string[] {
  return [
    'Rules of the conformance kit that a store declares it cannot keep:',
    '',
    ...topologies.flatMap(({ name, traits }) =>
      traits.deviations.map(({ rule, because }) => `- ${rule}, ${name}: ${because}`),
    ),
  ]
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function letterOf(index: number): string {
  return String.fromCodePoint('a'.codePointAt(0)! + index)
}
