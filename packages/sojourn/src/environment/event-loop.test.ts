import { execFileSync } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { eventLoop, type Monitor, monitoredEventLoop } from './event-loop.ts'

function most(source: typeof eventLoop): number {
  const found = source.measures().find(({ name }) => name.endsWith('.max'))
  return found?.kind === 'gauge' ? found.value : Number.NaN
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

it('tells of a block that was', { timeout: 30_000 }, async () => {
  const source = monitoredEventLoop(fakeEnvironment())
  source.measures()
  await setTimeout(60)
  block(400)
  while (most(source) < 0.3) await setTimeout(5)
  expect(source.measures()).toHaveLength(2)
})

it('is no later than nothing before it was late', () => {
  const source = monitoredEventLoop(fakeEnvironment())
  expect(source.measures().map((measure) => measure.kind !== 'histogram' && measure.value)).toEqual([0, 0])
})

it('tells of the worst for two turns, however many look, and begins with the first look', async () => {
  const environment = fakeEnvironment()
  const monitors: Scripted[] = []
  const source = monitoredEventLoop(environment, () => scripted(monitors))
  expect(monitors).toHaveLength(0)
  expect(most(source)).toBe(0)
  for (const monitor of monitors) monitor.worst = 400_000_000
  for (let look = 0; look < 5; look++) expect(most(source)).toBeCloseTo(0.38)
  await environment.advance(10_000)
  expect(most(source), 'of the monitor that is reset now').toBeCloseTo(0.38)
  expect(most(source), 'of the other').toBeCloseTo(0.38)
  await environment.advance(10_000)
  expect(most(source)).toBeCloseTo(0.38)
  expect(most(source)).toBe(0)
})

interface Scripted extends Monitor {
  worst: number
}

function scripted(all: Scripted[]): Scripted {
  const monitor: Scripted = {
    worst: 20_000_000,
    get max() {
      return monitor.worst
    },
    percentile: () => monitor.worst,
    reset: () => void (monitor.worst = 0),
  }
  all.push(monitor)
  return monitor
}

it('lets the process end', () => {
  const file = JSON.stringify(new URL('event-loop.ts', import.meta.url).href)
  const program = `const { eventLoop } = await import(${file}); console.log(eventLoop.measures().length)`
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(printed.trim()).toBe('2')
})
