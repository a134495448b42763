/**
 * `bad-inputs.json`: what comes in the place of a session cookie, and what it gets. A row's texts hold `{…}` for what
 * has to be made: a token, a token bent out of shape, a lot of cookies.
 */
import { readFileSync } from 'node:fs'

export interface BadInput {
  /** The row of `bad-inputs.md`. */
  readonly id: string
  readonly title: string
  /** Requests; each is the `Cookie` lines that it has. */
  readonly cookies: readonly (readonly string[])[]
  /** Requests whose target carries the input instead. */
  readonly targets?: readonly string[]
  /** The session is found: this is no bad input, it only looks like one. */
  readonly valid?: boolean
  /** And its token is given anew. */
  readonly renewed?: boolean
  /** The reason that the event `token.rejected` has; `null`: nothing of ours was presented; `any`: what it will. */
  readonly rejected?: 'malformed' | 'forged' | 'duplicate' | 'any' | null
  /** What node answers before a handler sees it. */
  readonly server?: number
  /** Blanks at the end of a header never reach anybody. */
  readonly trimmed?: boolean
}

export type Tokens = Readonly<
  Record<
    'token' | 'token2' | 'token3' | 'foreign' | 'realm' | 'transport' | 'bearer' | 'retiring' | 'retired',
    string
  >
>

export interface MadeInput {
  readonly target: string
  readonly lines: readonly string[]
  /** Texts that must not turn up in an answer, an event or a log. */
  readonly canaries: readonly string[]
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export const BAD_INPUTS = JSON.parse(
  readFileSync(new URL('../bad-inputs.json', import.meta.url), 'utf8'),
) as readonly BadInput[]

export function makeInputs(row: BadInput, tokens: Tokens): readonly MadeInput[] {
  const byTarget = (row.targets ?? ['/me']).flatMap((target) =>
    expand([target], tokens).map(([made]) => made ?? ''),
  )
  return byTarget.flatMap((target) =>
    row.cookies
      .flatMap((lines) => (lines.length === 0 ? [[]] : expand(lines, tokens)))
      .map((lines) => ({ target, lines, canaries: canariesIn([target, ...lines]) })),
  )
}

/** All that a list of texts stands for. A part with several meanings makes a list for each. */
function expand(texts: readonly string[], tokens: Tokens): readonly (readonly string[])[] {
  const part = /\{([^{}]+)\}/.exec(texts.join('\n'))?.[1]
  if (part === undefined) return [texts]
  const meanings = meaningsOf(part, tokens)
  if (meanings === undefined) return [texts]
  return meanings.flatMap((meaning) =>
    expand(
      texts.map((text) => text.replaceAll(`{${part}}`, () => meaning)),
      tokens,
    ),
  )
}

function meaningsOf(part: string, tokens: Tokens): readonly string[] | undefined {
  const [name = '', change] = part.split('|')
  if (name in tokens) {
    const token = tokens[name as keyof Tokens]
    return change === undefined ? [token] : bent(token, ...(change.split(' ') as [string, ...string[]]))
  }
  const cookies = (letter: string): string =>
    Array.from({ length: 100 }, (_, n) => `${letter}${n}=${'v'.repeat(30)}`).join('; ')
  const long = 64 * 1024
  const made: Readonly<Record<string, () => string>> = {
    '200': () => cookies('a'),
    '200b': () => cookies('b'),
    '64K': () => 'x'.repeat(long),
    '64K-pairs': () => 'a=b; '.repeat(long / 5),
    '64K-ours': () => '__Host-Http-sid='.repeat(long / 16),
    '64K-spaces': () => `${' '.repeat(long)}__Host-Http-sid=x`,
  }
  return Object.hasOwn(made, part) ? [(made[part] as () => string)()] : undefined
}

function bent(token: string, how: string, first = '', second = ''): readonly string[] {
  const at = (position: number, text: string): string =>
    token.slice(0, position) + text + token.slice(position + 1)
  const positions = Array.from(token, (_, position) => position)
  const ways: Readonly<Record<string, () => readonly string[]>> = {
    'drop-last': () => [token.slice(0, -1)],
    'drop-first': () => [token.slice(1)],
    prefix: () => [first + token.slice(4)],
    each: () => positions.map((position) => at(position, first)),
    'each-control': () =>
      positions
        .filter((position) => position > 0 && position < token.length - 1)
        .map((position) =>
          at(position, String.fromCharCode(position === 50 ? 0x7f : position % 32 === 9 ? 0 : position % 32)),
        ),
    'other-each': () =>
      positions
        .filter((position) => position >= 4)
        .map((position) =>
          at(position, ALPHABET[(ALPHABET.indexOf(token[position] as string) + 1) % 64] as string),
        ),
    move: () => [moved(token, Number(first), Number(second))],
    upper: () => [token.toUpperCase()],
    'upper-rest': () => [token.slice(0, 4) + token.slice(4).toUpperCase()],
    lower: () => [token.toLowerCase()],
    'flip-case': () => [token.slice(0, 4) + flipped(token.slice(4))],
    percent: () => [Array.from(token, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')],
  }
  return (ways[how] as () => readonly string[])()
}

/** Takes a character out at one place and puts another one in elsewhere: the sections between them shift. */
function moved(token: string, from: number, to: number): string {
  const shorter = token.slice(0, from) + token.slice(from + 1)
  const place = to > from ? to - 1 : to
  return `${shorter.slice(0, place)}k${shorter.slice(place)}`
}

function flipped(text: string): string {
  return Array.from(text)
    .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
    .join('')
}

/** Pieces that are long enough to be told from what an answer says anyway. */
function canariesIn(texts: readonly string[]): readonly string[] {
  return texts
    .flatMap((text) => text.split(/[=;,? ]/))
    .filter((text) => text.length >= 16 && !text.startsWith('/me') && !/Host-/i.test(text))
    .map((text) => text.slice(0, 60))
}
