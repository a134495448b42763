// The table of ARCHITECTURE.md, generated from the rules.

import { ambientRules, library, publicEntriesOnly, rooms, wholeTestsOnly } from './rules.ts'

const start = '<!-- fences:start -->'
const end = '<!-- fences:end -->'

/** The document with the part between its markers replaced by what the rules say. */
export function withTable(document: string): string {
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from < 0 || to < from)
    throw new Error(`ARCHITECTURE.md needs the markers ${start} and ${end}, in this order.`)
  return `${document.slice(0, from + start.length)}\n\n${renderTable()}\n\n${document.slice(to)}`
}

function renderTable(): string {
  return [
    `Rooms of \`${library.sources}\`:`,
    '',
    '| room | may import rooms | may import modules | because |',
    '|---|---|---|---|',
    ...rooms.map(
      (room) => `| \`${room.name}\` | ${list(room.rooms)} | ${list(room.modules)} | ${room.because} |`,
    ),
    '',
    'Out of bounds in all of them:',
    '',
    '| rule | what | allowed in | because |',
    '|---|---|---|---|',
    ...ambientRules.map(
      (rule) =>
        `| ${rule.name} | ${list([...rule.uses, ...(rule.crypto ?? [])])} | ${list(rule.allowedIn.map(({ under, endsWith }) => `${under}**/*${endsWith}`))} | ${rule.because} |`,
    ),
    '',
    `Only public entries of \`${library.name}\` are imported in ${list(publicEntriesOnly.folders)}. ${publicEntriesOnly.because}`,
    '',
    `No \`.skip\` and no \`.only\` in tests. ${wholeTestsOnly.because}`,
  ].join('\n')
}

function list(names: readonly string[]): string {
  return names.length > 0 ? names.map((name) => `\`${name}\``).join(', ') : 'none'
}
