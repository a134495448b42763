import { describe, expect, test } from 'vitest'
import { checkSource } from './check.ts'
import { rooms } from './rules.ts'
import { withTable } from './table.ts'

const options = { entries: ['sojourn', 'sojourn/testing', 'sojourn/package.json'] }

function problems(path: string, text: string): readonly string[] {
  return checkSource({ path, text }, options).map(({ line, problem }) => `${line} ${problem}`)
}

function inLibrary(path: string, text: string): readonly string[] {
  return problems(`packages/sojourn/src/${path}`, text)
}

describe('rooms', () => {
  test.each([
    ['core/a.ts', `import { b } from './b.ts'`],
    ['core/deep/a.ts', `import type { B } from '../b.ts'\nimport { createHash } from 'node:crypto'`],
    ['stores/sqlite/index.ts', `import { DatabaseSync } from 'node:sqlite'\nimport '../../core/store.ts'`],
    [
      'http/node.ts',
      `import type { IncomingMessage } from 'node:http'\nimport { handle } from './sessions.ts'`,
    ],
    ['testing/index.ts', `export { memoryStore } from '../stores/memory/index.ts'`],
    ['index.ts', `export { systemEnvironment } from './environment/system.ts'`],
    [
      'core/a.test.ts',
      `import { test } from 'vitest'\nimport { fake } from '../testing/index.ts'\nimport 'node:os'`,
    ],
    ['index.test.ts', `import { test } from 'vitest'`],
  ])('%s may import this', (path, text) => {
    expect(inLibrary(path, text)).toEqual([])
  })

  test.each([
    ['core/a.ts', `import 'pg'`, '1 core may not import pg'],
    ['core/a.ts', `import type { Server } from 'node:http'`, '1 core may not import node:http'],
    [
      'core/a.ts',
      `\nexport * from '../environment/system.ts'`,
      '2 core may not import environment (../environment/system.ts)',
    ],
    [
      'core/a.ts',
      `const x = await import('../http/node.ts')`,
      '1 core may not import http/node (../http/node.ts)',
    ],
    ['core/a.ts', `type X = import('node:http').Server`, '1 core may not import node:http'],
    ['core/a.ts', `process.getBuiltinModule('node:fs')`, '1 core may not import node:fs'],
    ['http/sessions.ts', `import 'node:http'`, '1 http may not import node:http'],
    [
      'stores/memory/index.ts',
      `import '../sqlite/index.ts'`,
      '1 stores/memory may not import stores/sqlite (../sqlite/index.ts)',
    ],
    ['stores/memory/index.ts', `import 'node:sqlite'`, '1 stores/memory may not import node:sqlite'],
    ['testing/index.ts', `import 'vitest'`, '1 testing may not import vitest'],
    ['core/a.ts', `import './b.test.ts'`, '1 core may not import core (./b.test.ts)'],
    ['core/a.test.ts', `import 'pg'`, '1 core may not import pg'],
    ['lounge/a.ts', `import './b.ts'`, '1 packages/sojourn/src/lounge/a.ts belongs to no room'],
  ])('%s may not: %s', (path, text, problem) => {
    expect(inLibrary(path, text)).toEqual([problem])
  })

  test('no two rooms import each other, by whatever way round', () => {
    const reaches = (name: string): readonly string[] =>
      rooms
        .filter((room) => room.name === name)
        .flatMap((room) => [...room.rooms, ...room.rooms.flatMap(reaches)])
    for (const { name } of rooms) expect(reaches(name)).not.toContain(name)
  })
})

describe('ambient things', () => {
  test.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'new Date()'],
    ['Date()', 'Date()'],
    ['const clock = Date', 'Date.now'],
    ['performance.now()', 'performance'],
    ['globalThis.performance.now()', 'performance.now'],
    ['setTimeout(run, 1)', 'setTimeout'],
    [`globalThis['setInterval'](run, 1)`, 'setInterval'],
    ['const { setImmediate } = globalThis', 'setImmediate'],
    ['const wait = queueMicrotask', 'queueMicrotask'],
    ['AbortSignal.timeout(5)', 'AbortSignal.timeout'],
    ['Math.random()', 'Math.random'],
    ['crypto.randomUUID()', 'randomUUID'],
    [`import { randomBytes as draw } from 'node:crypto'`, 'randomBytes'],
    [`import * as c from 'node:crypto'\nc.randomInt(3)`, 'randomInt'],
    ['process.hrtime.bigint()', 'process.hrtime'],
    [`console.log('x')`, 'console'],
  ])('core may not: %s', (text, use) => {
    const found = inLibrary('core/a.ts', text)
    expect(found.some((problem) => problem.endsWith(` ${use} is out of bounds here`))).toBe(true)
    expect(inLibrary('environment/system.ts', text)).toEqual([])
  })

  test.each([
    'new Date(at)',
    'Date.parse(text)',
    'at instanceof Date',
    'const at: Date = instant',
    'environment.setTimeout(run, 1)',
    'const timers = { setTimeout: start }',
    'interface Timers { setTimeout(run: () => void): void }',
    '// Date.now()\nconst text = "setTimeout()"',
    'environment.randomBytes(16)',
    `import { createHmac, timingSafeEqual } from 'node:crypto'`,
  ])('core may: %s', (text) => {
    expect(inLibrary('core/a.ts', text)).toEqual([])
  })

  test('real timers are for tests that start processes', () => {
    expect(inLibrary('stores/sqlite/processes.test.ts', 'setTimeout(run, 1)')).toEqual([])
    expect(inLibrary('stores/memory/index.test.ts', 'setTimeout(run, 1)')).toEqual([
      '1 setTimeout is out of bounds here',
    ])
    expect(problems('bench/src/main.ts', 'performance.now()')).toEqual([])
  })
})

describe('public entries', () => {
  test.each([
    'apps/demo/src/main.ts',
    'test/races/src/main.ts',
    'bench/src/main.ts',
    'packages/server/src/main.ts',
  ])('%s uses the front door', (path) => {
    expect(
      problems(path, `import 'sojourn'\nimport 'sojourn/testing'\nimport './page.ts'\nimport 'node:http'`),
    ).toEqual([])
    expect(problems(path, `import 'sojourn/dist/core/token.js'`)).toEqual([
      '1 sojourn/dist/core/token.js is not a public entry',
    ])
    expect(problems(path, `new URL('../../packages/sojourn/src/index.ts', base)`)).toHaveLength(1)
  })

  test('a relative path into the library is a back door', () => {
    const text = `import { x } from '../../../packages/sojourn/src/index.ts'`
    expect(problems('apps/demo/src/main.ts', text)).toContain(
      '1 packages/sojourn/src/index.ts is not a public entry',
    )
  })
})

describe('whole tests', () => {
  test.each([
    'test.skip("a", run)',
    'describe.only("a", run)',
    'test.skip.each([])("a", run)',
    'context.skip()',
  ])('no %s', (text) => {
    expect(inLibrary('core/a.test.ts', text)).toHaveLength(1)
    expect(problems('test/http/a.test.ts', text)).toHaveLength(1)
    expect(inLibrary('core/a.ts', text)).toEqual([])
  })
})

test('a violation explains itself', () => {
  const [violation] = checkSource({ path: 'packages/sojourn/src/core/a.ts', text: `import 'pg'` }, options)
  expect(violation).toMatchObject({
    line: 1,
    rule: 'imports of core',
    because: expect.stringContaining('no driver'),
  })
  expect(violation?.fix).toContain('core may import node:buffer')
})

test('a file that cannot be parsed is an error, not a pass', () => {
  expect(() => inLibrary('core/a.ts', 'import {')).toThrow('core/a.ts cannot be parsed')
})

test('the table replaces what stands between its markers and nothing else', () => {
  const document = 'before\n<!-- fences:start -->\nold\n<!-- fences:end -->\nafter\n'
  const renewed = withTable(document)
  expect(renewed).toMatch(/^before\n<!-- fences:start -->\n/)
  expect(renewed).toMatch(/<!-- fences:end -->\nafter\n$/)
  expect(renewed).not.toContain('old')
  expect(withTable(renewed)).toBe(renewed)
  expect(() => withTable('no markers')).toThrow('markers')
})
