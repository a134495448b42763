/**
 * `bad-inputs.md`, cookies, fed to the sessions directly and over raw sockets to every adapter. What all of them get
 * (E0): no 5xx, no crash, no store call for what is syntactically impossible or not signed by us, and no byte of the
 * input in an answer, an event or a log.
 */
import type { Exchange } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { fakeEnvironment } from 'sojourn/testing'
import { describe, expect, test } from 'vitest'
import { type AppSessions, ADAPTERS } from './harness/adapters.ts'
import { BAD_INPUTS, type BadInput, type MadeInput, makeInputs, type Tokens } from './harness/bad-inputs.ts'
import { listenToOutput } from './harness/output.ts'
import { setCookies } from './harness/set-cookie.ts'
import { type WireResponse, type Wire } from './harness/wire.ts'
import { newSessions, OTHER_SECRET, SECRET, startWorld, type World } from './harness/world.ts'

const NAME = '__Host-Http-sid'
const GONE = 'r3t1r3d-Yq8vNw2LxKzB5tGmJfD7cHpRaEuSiQo41X6Z'
const ALL: readonly (readonly [string, BadInput])[] = BAD_INPUTS.map((row) => [
  `${row.id}: ${row.title}`,
  row,
])
const options = { secrets: [SECRET, OTHER_SECRET] }

async function tokenFrom(sessions: AppSessions, transport = NAME): Promise<string> {
  const result = await sessions.signIn('alice', { transport })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  return result.token
}

async function makeTokens({ sessions, store, environment }: World): Promise<Tokens> {
  const same = { environment, store }
  const sibling = (more: object): AppSessions =>
    newSessions(same.store, same.environment, { ...options, ...more })
  const elsewhere = newSessions(memoryStore(), fakeEnvironment({ seed: 999 }), options)
  const ring = (...secrets: string[]): AppSessions => sibling({ secrets })
  return {
    token: await tokenFrom(sessions),
    token2: await tokenFrom(sessions),
    token3: await tokenFrom(sessions),
    foreign: await tokenFrom(elsewhere),
    realm: await tokenFrom(sibling({ realm: 'staff' })),
    transport: await tokenFrom(sessions, '__Host-other'),
    bearer: await tokenFrom(sessions, 'bearer'),
    retiring: await tokenFrom(ring(OTHER_SECRET, SECRET)),
    retired: await tokenFrom(ring(GONE, OTHER_SECRET)),
  }
}

function expectEvents(world: World, row: BadInput, since: number): void {
  const rejections = world.events.slice(since).filter(({ name }) => name === 'token.rejected')
  if (row.rejected === 'any') return
  const wanted = row.valid === true || row.rejected === null || row.trimmed === true ? [] : [row.rejected]
  expect(rejections.map(({ event }) => (event as { reason: string }).reason)).toEqual(wanted)
}

function expectSilence(world: World, said: string, input: MadeInput): void {
  const told = JSON.stringify(world.events) + JSON.stringify(world.environment.logs) + said
  for (const canary of input.canaries)
    expect(told.includes(canary), 'the input turned up in a log or event').toBe(false)
}

describe('fed to the sessions directly', () => {
  test.each(ALL)('%s', async (_, row) => {
    const output = listenToOutput()
    const world = await startWorld({ options, peek: false })
    for (const input of makeInputs(row, await makeTokens(world))) {
      const [calls, since] = [world.storeCalls(), world.events.length]
      const { verdict } = await world.sessions.open(exchangeOf(input))
      const isValid = row.valid === true
      expect(verdict.kind).toBe(isValid ? 'valid' : 'none')
      expect(world.storeCalls() - calls).toBe(isValid ? 1 : 0)
      if (row.trimmed !== true) expectEvents(world, row, since)
      expectSilence(world, output(), input)
    }
  })
})

test.each<[string, unknown]>([
  ['null', null],
  ['a list of lines', [`${NAME}=x`]],
  ['a number', 5],
  ['an object', { [NAME]: 'x' }],
])('C21: %s where an adapter should have had a header’s text is no token, and no error', async (_, value) => {
  const world = await startWorld({ options: { ...options, transport: 'both' } })
  const header = value as string
  const { verdict } = await world.sessions.open({
    ...exchangeOf({ target: '/', lines: [], canaries: [] }),
    header: () => header,
  })
  expect(verdict.kind).toBe('none')
  expect(world.storeCalls()).toBe(0)
})

describe.each(ADAPTERS)('over a socket to $name', (adapter) => {
  test.each(ALL)('%s', async (_, row) => {
    const output = listenToOutput()
    const world = await startWorld({ adapter, options, peek: false })
    expect(await sendAll(world, row, { output, expected: row.server })).toBeGreaterThan(0)
  })

  test('C18: 64 KB that a server lets in', async () => {
    const output = listenToOutput()
    const world = await startWorld({ adapter, options, peek: false, maxHeaderSize: 128 * 1024 })
    for (const row of BAD_INPUTS.filter(({ id }) => id === 'C18'))
      expect(await sendAll(world, row, { output, expected: undefined })).toBeGreaterThan(0)
  })
})

/** Answers how many there were. */
async function sendAll(
  world: World,
  row: BadInput,
  { output, expected }: { readonly output: () => string; readonly expected: number | undefined },
): Promise<number> {
  const inputs = makeInputs(row, await makeTokens(world))
  let wire: Wire | undefined
  for (const input of inputs) {
    const [calls, since] = [world.storeCalls(), world.events.length]
    wire ??= await world.wire()
    wire.write(requestBytes(input))
    const response = await wire.response()
    expectAnswer(row, response, expected)
    if (response.status === 400 || response.status === 431) wire = undefined
    expect(world.storeCalls() - calls).toBe(row.valid === true ? 1 : 0)
    expectEvents(world, expected === undefined ? row : { ...row, rejected: null }, since)
    expectSilence(world, output(), input)
    const echoed =
      row.renewed === true ? [] : input.canaries.filter((canary) => response.bytes.includes(canary))
    expect(echoed, 'the input came back').toEqual([])
  }
  wire?.abort()
  return inputs.length
}

function expectAnswer(row: BadInput, response: WireResponse, expected: number | undefined): void {
  if (expected !== undefined) {
    expect(response.status).toBe(expected)
    return
  }
  expect(response.status).toBeLessThan(500)
  const isUnknownTarget = row.targets !== undefined && response.status === 404
  const { subject } = JSON.parse(response.body) as { subject?: unknown }
  expect([response.status, subject]).toEqual(
    isUnknownTarget ? [404, undefined] : [200, row.valid === true ? 'alice' : null],
  )
  const names = setCookies(response).map(({ name }) => name)
  expect(names, 'a bad input never costs a cookie').toEqual(row.renewed === true ? [NAME] : [])
}

function requestBytes({ target, lines }: MadeInput): Buffer {
  const head = [`GET ${target} HTTP/1.1`, 'Host: localhost', ...lines.map((line) => `Cookie: ${line}`)]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
}

function exchangeOf({ lines }: MadeInput): Exchange {
  return {
    method: 'GET',
    url: '/',
    host: 'localhost',
    peer: '127.0.0.1',
    encrypted: true,
    header: (name) => (name === 'cookie' && lines.length > 0 ? lines.join('; ') : undefined),
    headersSent: () => false,
    isOver: () => false,
    onRead() {},
    onChange() {},
  }
}
