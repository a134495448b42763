/** The linter of these tests sees what it is there for. */
import { describe, expect, test } from 'vitest'
import { type CookiePolicy, responseProblems } from './harness/set-cookie.ts'

const TOKEN = `sjs_${'a'.repeat(88)}`
const GOOD = `__Host-Http-sid=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax`

function problems(
  lines: readonly string[],
  cacheControl: string | undefined = 'no-store',
  { policy = {}, body = '' }: { readonly policy?: CookiePolicy; readonly body?: string } = {},
): readonly string[] {
  const headers = [
    ...lines.map((line) => ['set-cookie', line] as const),
    ...(cacheControl === undefined ? [] : [['cache-control', cacheControl] as const]),
  ]
  const nothing = Buffer.alloc(0)
  return responseProblems(
    { status: 200, headers, body, raw: nothing, complete: true, bytes: nothing },
    policy,
  )
}

test('finds nothing wrong with a good one', () => {
  expect(problems([GOOD])).toEqual([])
  expect(problems([`${GOOD}; Max-Age=60`])).toEqual([])
  expect(problems(['__Host-Http-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])).toEqual([])
  expect(problems(['theme=dark'], '')).toEqual([])
})

describe('finds what is wrong', () => {
  test.each<[string, string[], string?]>([
    ['no Secure', [GOOD.replace('; Secure', '')]],
    ['no HttpOnly', [GOOD.replace('; HttpOnly', '')]],
    ['no SameSite', [GOOD.replace('; SameSite=Lax', '')]],
    ['another SameSite', [GOOD.replace('Lax', 'None')]],
    ['no Path', [GOOD.replace('; Path=/', '')]],
    ['another Path', [GOOD.replace('Path=/', 'Path=/app')]],
    ['a Domain', [`${GOOD}; Domain=shop.example`]],
    ['no prefix', [GOOD.replace('__Host-Http-sid', 'sid')]],
    ['more than 400 days', [`${GOOD}; Max-Age=34560001`]],
    ['a negative life', [`${GOOD}; Max-Age=-1`]],
    ['an Expires', [`${GOOD}; Expires=Wed, 21 Oct 2026 07:28:00 GMT`]],
    ['twice', [GOOD, GOOD]],
    ['set and removed', [GOOD, '__Host-Http-sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']],
    ['emptied without Max-Age', [GOOD.replace(TOKEN, '')]],
    ['no token', [GOOD.replace(TOKEN, 'alice')]],
    ['a quote', ['a="b"']],
    ['a blank', ['a=b c']],
    ['nameless', ['=b']],
    ['no no-store', [GOOD], 'private'],
    ['no-cache with a field', [GOOD], 'no-store, no-cache="Set-Cookie"'],
  ])('%s', (_, lines, cacheControl) => {
    expect(problems(lines, cacheControl)).not.toEqual([])
  })

  test('no Cache-Control at all', () => {
    expect(problems([GOOD], '')).not.toEqual([])
  })

  test.each([`{"token":"${TOKEN}"}`, '{"subject":"alice","data":{}}'])('%s that caches may keep', (body) => {
    for (const cacheControl of ['', 'private', 'no-cache'])
      expect(problems([], cacheControl, { body })).not.toEqual([])
    expect(problems([], 'private, no-store', { body })).toEqual([])
    expect(problems([], '', { body: '{"subject":null,"data":{}}' })).toEqual([])
  })
})
