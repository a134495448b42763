import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clearedCookie, type CookieSettings, findToken, readCookieOptions, tokenCookie } from './cookie.ts'

const NAME = '__Host-Http-sid'
const settings = (options: Parameters<typeof readCookieOptions>[0] = {}): CookieSettings => {
  const read = readCookieOptions(options, { sameSite: 'lax' })
  expect(read.problems).toEqual([])
  return read.settings
}
const usual = settings()
const TOKEN = `sjs_${'a'.repeat(88)}`

describe('finding a token', () => {
  test.each<[string, string | undefined, ReturnType<typeof findToken>['kind']]>([
    ['no header', undefined, 'absent'],
    ['an empty header', '', 'absent'],
    ['other cookies', 'a=b; c=d', 'absent'],
    ['the only cookie', `${NAME}=x`, 'found'],
    ['the first of several', `${NAME}=x; a=b`, 'found'],
    ['the last of several', `a=b; ${NAME}=x`, 'found'],
    ['no blank after the semicolon', `a=b;${NAME}=x`, 'found'],
    ['more blanks and a tab', `a=b; \t ${NAME}=x`, 'found'],
    ['an empty value', `${NAME}=`, 'found'],
    ['twice', `${NAME}=x; ${NAME}=x`, 'duplicate'],
    ['twice, one empty', `${NAME}=; ${NAME}=x`, 'duplicate'],
    ['the name as a value', `a=${NAME}=x`, 'absent'],
    ['the name behind a comma', `a=b, ${NAME}=x`, 'absent'],
    ['a longer name', `x${NAME}=x; ${NAME}x=y`, 'absent'],
    ['another case', `${NAME.toLowerCase()}=x`, 'absent'],
    ['a blank before the equals sign', `${NAME} =x`, 'absent'],
    ['no equals sign', NAME, 'absent'],
    ['a no-break space before the name', `a=b;\u00a0${NAME}=x`, 'absent'],
    ['an encoded name', `%5F%5FHost-Http-sid=x`, 'absent'],
  ])('%s', (_, header, kind) => {
    expect(findToken(header, usual).kind).toBe(kind)
  })

  test('a value is taken as it stands', () => {
    for (const value of ['"quoted"', '%41', 'a=b=c', 'a b', '__proto__'])
      expect(findToken(`a=1; ${NAME}=${value}; z=2`, usual)).toEqual({
        kind: 'found',
        name: NAME,
        token: value,
      })
  })

  test('the present name goes before a former one, and a doubled former one is none', () => {
    const renamed = settings({ acceptNames: ['old', 'older'] })
    expect(findToken(`old=1; ${NAME}=2`, renamed)).toEqual({ kind: 'found', name: NAME, token: '2' })
    expect(findToken('older=1', renamed)).toEqual({ kind: 'found', name: 'older', token: '1' })
    expect(findToken('old=1; old=2', renamed).kind).toBe('duplicate')
    expect(findToken('old=1', usual).kind).toBe('absent')
  })

  test('whatever the header, it finds what splitting at semicolons finds', () => {
    const piece = fc.constantFrom(
      NAME,
      '=',
      ';',
      '; ',
      ' ',
      '\t',
      'a',
      TOKEN,
      '"',
      ',',
      '%',
      '__Host-',
      '\u00a0',
      '\u0000',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const header = pieces.join('')
        const found = findToken(header, usual)
        const values = bySplitting(header)
        expect(found.kind).toBe(['absent', 'found'][values.length] ?? 'duplicate')
        expect(found.kind === 'found' ? [found.token] : []).toEqual(values.length === 1 ? values : [])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('handing one out', () => {
  test('the default: this host, HTTPS, no script, until the browser closes', () => {
    expect(tokenCookie(usual, TOKEN, undefined)).toBe(
      `__Host-Http-sid=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    )
  })

  test('with a life: whole seconds, at least one, at most 400 days', () => {
    const maxAge = (ms: number): string | undefined =>
      /Max-Age=(\d+)/.exec(tokenCookie(usual, TOKEN, ms))?.[1]
    expect([1, 999, 1000, 1999, 60_000, Number.MAX_SAFE_INTEGER].map(maxAge)).toEqual([
      '1',
      '1',
      '1',
      '1',
      '60',
      '34560000',
    ])
  })

  test.each<[string, Parameters<typeof readCookieOptions>[0]]>([
    ['the default', {}],
    ['a domain', { domain: 'shop.example' }],
    ['frames', { sameSite: 'none', partitioned: true }],
    ['development', { unsafeDevelopmentName: 'sid' }],
  ])('for %s it is removed with the attributes it was set with', (_, options) => {
    const made = settings(options)
    const attributesOf = (line: string): string[] =>
      line
        .split('; ')
        .slice(1)
        .filter((text) => !text.startsWith('Max-Age'))
        .toSorted()
    const cleared = clearedCookie(made, made.name)
    expect(attributesOf(cleared)).toEqual(attributesOf(tokenCookie(made, TOKEN, 1000)))
    expect(cleared).toMatch(new RegExp(`^${made.name}=;.*Max-Age=0`))
  })

  test('the development name alone goes without Secure', () => {
    expect(tokenCookie(settings({ unsafeDevelopmentName: 'sid' }), TOKEN, undefined)).not.toContain('Secure')
    expect(tokenCookie(settings({ domain: 'shop.example' }), TOKEN, undefined)).toContain('; Secure')
  })

  test('name and value stay far below the 4096 bytes that browsers keep', () => {
    const longest = settings({ name: `__Host-${'n'.repeat(121)}` })
    const pair = tokenCookie(longest, TOKEN, undefined).split(';')[0] ?? ''
    expect(pair.length).toBe(128 + 1 + 92)
    expect(
      readCookieOptions({ name: `__Host-${'n'.repeat(122)}` }, { sameSite: 'lax' }).problems,
    ).toHaveLength(1)
  })

  test.each(['a;b', 'a\r\nb', 'a\0b', 'a=b', 'ä', 'a b', 'a,b'])(
    'a name or domain that would break out of the header never gets there (V-53): %j',
    (bad) => {
      const wrong = [
        { name: `__Host-${bad}` },
        { domain: bad },
        { acceptNames: [bad] },
        { unsafeDevelopmentName: bad },
      ]
      for (const options of wrong)
        expect(readCookieOptions(options, { sameSite: 'lax' }).problems).not.toEqual([])
    },
  )
})

/** The plain way. */
function bySplitting(header: string): readonly string[] {
  return header
    .split(';')
    .map((pair) => pair.replace(/^[ \t]+/, ''))
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1))
}
