/** With OpenTelemetry's own SDK, whose collections are asked for here instead of by a timer. */
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from 'vitest'
import { finished, signedIn, type TestManager, world } from '../core/manager.fixture.ts'
import { histogram, type Measure, type SelfMeasuring } from '../core/measures.ts'
import { memoryStore } from '../stores/memory/index.ts'
import type { SessionStore } from '../core/store.ts'
import { observeWith } from './index.ts'

class Asked extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

interface Attached {
  readonly detach: () => void
  /** Everything the SDK would export now, by name. */
  readonly collected: () => Promise<Readonly<Record<string, Exported>>>
}

interface Exported {
  readonly unit: string
  readonly description: string
  readonly points: readonly DataPoint<unknown>[]
}

function attached(manager: TestManager): Attached {
  const reader = new Asked()
  const provider = new MeterProvider({ readers: [reader] })
  const detach = observeWith(provider.getMeter('test'), manager)
  return {
    detach,
    async collected() {
      const { resourceMetrics, errors } = await reader.collect()
      expect(errors).toEqual([])
      const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
      return Object.fromEntries(
        metrics.map(({ descriptor: { name, unit, description }, dataPoints }) => [
          name,
          { unit, description, points: dataPoints },
        ]),
      )
    },
  }
}

function valueOf(exported: Exported | undefined, attributes: Record<string, string> = {}): unknown {
  const points = (exported?.points ?? []).filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  )
  return points.length === 1 ? points[0]?.value : points
}

function measuring(store: SessionStore, measures: SelfMeasuring['measures']): SessionStore & SelfMeasuring {
  return { ...store, measures }
}

describe('a meter', () => {
  it('is told all that the sessions know, with unit and description', async () => {
    const { manager } = world()
    const { token } = await signedIn(manager)
    const { collected } = attached(manager)
    await manager.verify(token, 'bearer')
    await manager.verify('', 'bearer')
    const found = await collected()
    expect(valueOf(found['sojourn.verdicts'], { kind: 'valid' })).toBe(1)
    expect(valueOf(found['sojourn.verdicts'], { kind: 'none', reason: 'absent' })).toBe(1)
    expect(valueOf(found['sojourn.sessions.active'])).toBe(1)
    expect(found['sojourn.deployment.age']).toMatchObject({ unit: 's' })
    const measures = manager.measures()
    for (const { name, description, unit } of measures)
      expect(found[name]).toMatchObject({ unit, description })
    expect(new Set(Object.keys(found))).toEqual(
      new Set([
        ...measures.map(({ name }) => name),
        'sojourn.event_loop.delay.p99',
        'sojourn.event_loop.delay.max',
      ]),
    )
  })

  it('gets names that no exporter adds a second `total` to', async () => {
    const found = await attached(world().manager).collected()
    expect(Object.keys(found).filter((name) => /total|seconds|bytes/.test(name))).toEqual([])
  })

  it('records each store call that comes back, and not what was before', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    const { collected } = attached(manager)
    store.faults.delay(40, { on: 'read' })
    await finished(environment, Promise.resolve(manager.verify(token, 'bearer')))
    await manager.verify(token, 'bearer')
    const { 'sojourn.store.duration': durations } = await collected()
    expect(durations?.points).toHaveLength(1)
    expect(durations?.points[0]).toMatchObject({
      attributes: { realm: 'default', operation: 'read' },
      value: { count: 2, sum: 0.04, max: 0.04 },
    })
    const told = durations?.points[0]?.value as Histogram | undefined
    expect(told?.buckets.boundaries.slice(0, 3)).toEqual([0.0001, 0.00025, 0.0005])
    expect(told?.buckets.counts.filter((count) => count > 0)).toEqual([1, 1])
  })

  it('gets the histograms of other parts as counts and sums', async () => {
    const fills = histogram()
    fills.record(0.25)
    fills.record(0.5)
    const described = { name: 'sojourn.near.fills', description: 'Fills.', unit: 's', attributes: {} }
    const { another, environment } = world()
    const store = measuring(memoryStore({ environment }), () => [fills.measure(described)])
    const found = await attached(another({ store })).collected()
    expect(valueOf(found['sojourn.near.fills.count'])).toBe(2)
    expect(valueOf(found['sojourn.near.fills.sum'])).toBe(0.75)
  })

  it('is told of the rest when a store’s own measures fail, before or later', async () => {
    const { another, environment } = world()
    let fails = true
    const own: Measure = {
      name: 'sojourn.near.hits',
      description: 'Hits.',
      unit: '{read}',
      attributes: {},
      kind: 'counter',
      value: 3,
    }
    const measures = (): readonly Measure[] => {
      if (fails) throw new Error('no')
      return [own]
    }
    const manager = another({ store: measuring(memoryStore({ environment }), measures) })
    expect(Object.keys(await attached(manager).collected())).toContain('sojourn.verdicts')
    fails = false
    const later = attached(manager)
    expect(valueOf((await later.collected())['sojourn.near.hits'])).toBe(3)
    fails = true
    expect(valueOf((await later.collected())['sojourn.verdicts'], { kind: 'valid' })).toBe(0)
  })

  it('is told nothing more after it was detached', async () => {
    const { manager, environment } = world()
    const { token } = await signedIn(manager)
    const { detach, collected } = attached(manager)
    await manager.verify(token, 'bearer')
    await collected()
    detach()
    await environment.advance(1)
    const before = (await collected())['sojourn.store.duration']?.points[0]?.value as Histogram | undefined
    await manager.verify(token, 'bearer')
    const found = await collected()
    expect((found['sojourn.store.duration']?.points[0]?.value as Histogram | undefined)?.count).toBe(
      before?.count,
    )
    expect(valueOf(found['sojourn.verdicts'], { kind: 'valid' })).not.toBe(2)
  })

  it('that fails to record takes nothing from a request', async () => {
    const { manager, environment } = world()
    const { token } = await signedIn(manager)
    const meter = new MeterProvider().getMeter('test')
    const failing = {
      record() {
        throw new Error('no')
      },
    }
    observeWith(
      {
        createObservableCounter: (name, options) => meter.createObservableCounter(name, options),
        createObservableGauge: (name, options) => meter.createObservableGauge(name, options),
        createHistogram: () => failing,
        addBatchObservableCallback() {},
        removeBatchObservableCallback() {},
      },
      manager,
    )
    expect(await manager.verify(token, 'bearer')).toMatchObject({ kind: 'valid' })
    expect(environment.logs).not.toEqual([])
  })
})
