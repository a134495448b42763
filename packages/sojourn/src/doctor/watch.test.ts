import { describe, expect, it, vi } from 'vitest'
import type { ConfigError } from '../core/errors.ts'
import { type Examinable, type Examination, type Finding, finding } from '../core/findings.ts'
import type { Figure } from '../core/measures.ts'
import type { SessionStore } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { type FindingsChange, type Watch, type WatchOptions, watchFindings } from './index.ts'

const EVICTION = finding('redis-eviction', { where: 'a:1', seen: 'It evicts.', fix: 'Stop that.' })
const ELSEWHERE = finding('redis-eviction', { where: 'b:1', seen: 'It evicts.', fix: 'Stop that.' })

/** A store that is found to be as `set` says. */
function world(asked: WatchOptions = {}) {
  const environment = fakeEnvironment()
  let now: Examination = { findings: [], unseen: [] }
  const look = vi.fn<Examinable['examine']>(async () => now)
  const changes: FindingsChange[] = []
  const store: SessionStore & Examinable = { ...memoryStore(), examine: look }
  const watch = watchFindings(
    { store, environment },
    { onChange: (change) => changes.push(change), ...asked },
  )
  const set = (...findings: readonly Finding[]): void => {
    now = { findings, unseen: [] }
  }
  return { environment, look, changes, watch, set }
}

function valueOf(watch: Watch, name: string, code?: string): number | undefined {
  const found = watch
    .measures()
    .find((measure) => measure.name === name && (code === undefined || measure.attributes['code'] === code))
  return (found as Figure | undefined)?.value
}

describe('a watch', () => {
  it('looks at once, and five seconds after each look', async () => {
    const { environment, look } = world()
    await environment.advance(4_999)
    expect(look).toHaveBeenCalledTimes(1)
    await environment.advance(5_001)
    expect(look).toHaveBeenCalledTimes(3)
  })

  it('tells what appeared and what is gone, server by server, and nothing in between', async () => {
    const { environment, changes, set } = world({ every: '1s' })
    await environment.advance(2_000)
    expect(changes).toEqual([])
    set(EVICTION)
    await environment.advance(3_000)
    set(EVICTION, ELSEWHERE)
    await environment.advance(1_000)
    set(ELSEWHERE)
    await environment.advance(1_000)
    expect(changes.map(({ appeared, gone }) => [appeared, gone])).toEqual([
      [[EVICTION], []],
      [[ELSEWHERE], []],
      [[], [EVICTION]],
    ])
  })

  it('has a figure for each finding, and says how old they are', async () => {
    const { environment, watch, set } = world()
    expect(valueOf(watch, 'sojourn.doctor.findings', 'redis-eviction')).toBe(0)
    set(EVICTION, ELSEWHERE)
    await environment.advance(5_000)
    expect(valueOf(watch, 'sojourn.doctor.findings', 'redis-eviction')).toBe(2)
    await environment.advance(2_000)
    expect(valueOf(watch, 'sojourn.doctor.age')).toBe(2)
  })

  it('grows old while a look does not end', async () => {
    const { environment, watch, look } = world()
    await environment.advance(1)
    look.mockImplementation(() => new Promise(() => {}))
    await environment.advance(60_000)
    expect(valueOf(watch, 'sojourn.doctor.age')).toBeGreaterThan(59)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('survives a listener that %s, and says so', async (_, onChange) => {
    const { environment, watch, set } = world({ onChange })
    await environment.advance(1)
    set(EVICTION)
    await environment.advance(10_000)
    expect(watch.latest?.findings).toEqual([EVICTION])
    expect(environment.logs.map(({ message }) => message)).toEqual(['A listener to findings threw.'])
  })

  it('tells nothing and waits for nothing once it is closed, also in the middle of a look', async () => {
    const { environment, changes, look, watch, set } = world()
    await environment.advance(1)
    let finish: ((found: Examination) => void) | undefined
    look.mockImplementation(
      () =>
        new Promise((resolve) => {
          finish = resolve
        }),
    )
    set(EVICTION)
    await environment.advance(5_000)
    watch.close()
    finish?.({ findings: [EVICTION], unseen: [] })
    await environment.advance(60_000)
    expect([changes, environment.timers]).toEqual([[], 0])
  })

  it.each([
    ['every', { every: '10ms' }],
    ['every', { every: 5 }],
    ['onChange', { onChange: 'log' }],
    ['evry', { evry: '5s' }],
    ['accept[0]', { accept: ['nothing'] }],
  ])('refuses %s: %j', (path, asked) => {
    expect(problemsOf(asked)).toEqual([path])
  })
})

function problemsOf(asked: object): readonly string[] {
  try {
    watchFindings({ store: memoryStore() }, asked).close()
    return []
  } catch (error) {
    return (error as ConfigError).problems.map(({ path }) => path)
  }
}
