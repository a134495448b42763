/** The pages of the documentation and the code blocks in them. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Page {
  /** Relative to the repository. */
  readonly path: string
  readonly text: string
}

export interface Block {
  readonly page: string
  /** Of the block's first line of code. */
  readonly line: number
  readonly code: string
  /** The file that the reader is to save it as: what stands behind the language. */
  readonly file: string | undefined
}

const PAGES = ['*.md', 'packages/*/README.md', 'examples/*.md', 'deploy/*.md', 'docs/**/*.md']

/** The language, the name of a file, the code. */
const FENCE = /^```(\w*)(?: (\S+))?\n([\s\S]*?)^```$/gm

/** Not tracked, so not the project's. */
const ELSEWHERE = /(^|\/)(node_modules|\.data)\//

export function pages(): readonly Page[] {
  return globSync(PAGES, { cwd: ROOT })
    .filter((path) => !ELSEWHERE.test(path))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(`${ROOT}${path}`, 'utf8') }))
}

export function page(path: string): Page {
  return { path, text: readFileSync(`${ROOT}${path}`, 'utf8') }
}

/** The fenced blocks of one language. */
export function blocks({ path, text }: Page, language: string): readonly Block[] {
  const found: Block[] = []
  for (const match of text.matchAll(FENCE)) {
    const [, name, file, code = ''] = match
    const line = text.slice(0, match.index).split('\n').length + 1
    if (name === language) found.push({ page: path, line, code, file })
  }
  return found
}

/** The block that the reader is to save as a file of this name. @throws Error */
export function fileOn(path: string, name: string): string {
  const found = blocks(page(path), 'ts').find(({ file }) => file === name)
  if (found === undefined) throw new Error(`${path} has no ${name}.`)
  return found.code
}

/** Rows of all tables under a heading, up to the next heading: the cells of each, the head and the rule left out. */
export function tableUnder({ text }: Page, heading: string): readonly (readonly string[])[] {
  const start = text.indexOf(`\n${heading}\n`)
  if (start === -1) throw new Error(`There is no heading "${heading}".`)
  const section = text.slice(start + heading.length + 2).split(/^#+ /m)[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows
    .slice(1)
    .filter((row) => !row.startsWith('| ---'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}
