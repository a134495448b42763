/**
 * Figures for OpenTelemetry. Counters and gauges are read when the SDK collects. Its histograms cannot be read but
 * only recorded into, so the duration of store calls is recorded call by call while a meter is attached; those of
 * other parts are told as two counters, `….count` and `….sum`.
 *
 * No type of OpenTelemetry stands here, so that whoever does without it compiles without it.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/api/
 */
import { collect } from '../core/counting/collect.ts'
import { STORE_DURATION } from '../core/counting/store-calls.ts'
import type { SessionManager } from '../core/manager.ts'
import { type Distribution, LATENCY_BOUNDS, type Measure } from '../core/measures.ts'
import { eventLoop } from '../environment/event-loop.ts'

/** As much of OpenTelemetry's `Meter` as is used: `metrics.getMeter('my-application')`. */
export interface Meter {
  createObservableCounter(name: string, options: InstrumentOptions): object
  createObservableGauge(name: string, options: InstrumentOptions): object
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice: { readonly explicitBucketBoundaries: number[] } },
  ): { record(value: number, attributes: Attributes): void }
  addBatchObservableCallback(callback: (result: BatchResult) => void, instruments: object[]): void
  removeBatchObservableCallback(callback: (result: BatchResult) => void, instruments: object[]): void
}

interface InstrumentOptions {
  readonly description: string
  readonly unit: string
}

type Attributes = Record<string, string>

interface BatchResult {
  observe(instrument: object, value: number, attributes: Attributes): void
}

/** What `createSessions` answers, whatever its data. */
export type Observed = Pick<SessionManager<never, never>, 'measures' | 'on'>

/**
 * Tells `meter` everything about these sessions and the event loop; the answer stops that. Instruments stay, as the
 * API has no way to remove them: do not attach the same sessions to the same meter twice at a time.
 *
 * **Cost**: a collection as much as `measures()`; each store call one recording more.
 */
export function observeWith(meter: Meter, sessions: Observed): () => void {
  const sources = [sessions, eventLoop]
  const instruments = new Map<string, object>()
  for (const figure of figuresOf(collect(sources)))
    if (!instruments.has(figure.name)) instruments.set(figure.name, createInstrument(meter, figure))

  function observe(result: BatchResult): void {
    for (const { name, value, attributes } of figuresOf(collect(sources))) {
      const instrument = instruments.get(name)
      if (instrument !== undefined) result.observe(instrument, value, { ...attributes })
    }
  }

  const observed = [...instruments.values()]
  meter.addBatchObservableCallback(observe, observed)
  const stop = recordStoreCalls(meter, sessions)
  return () => {
    meter.removeBatchObservableCallback(observe, observed)
    stop()
  }
}

type ToObserve = Pick<Measure, 'name' | 'description' | 'unit' | 'attributes'> & {
  readonly kind: 'counter' | 'gauge'
  readonly value: number
}

function figuresOf(measures: readonly Measure[]): readonly ToObserve[] {
  return measures.flatMap((measure) => {
    if (measure.kind !== 'histogram') return [measure]
    return measure.name === STORE_DURATION ? [] : asCounters(measure)
  })
}

function asCounters(measure: Distribution): readonly ToObserve[] {
  const { name, counts, sum } = measure
  const count = counts.reduce((all, own) => all + own, 0)
  return [
    { ...measure, kind: 'counter', name: `${name}.count`, unit: '1', value: count },
    { ...measure, kind: 'counter', name: `${name}.sum`, value: sum },
  ]
}

function createInstrument(meter: Meter, { kind, name, description, unit }: ToObserve): object {
  return kind === 'counter'
    ? meter.createObservableCounter(name, { description, unit })
    : meter.createObservableGauge(name, { description, unit })
}

function recordStoreCalls(meter: Meter, sessions: Observed): () => void {
  const lines = sessions.measures().filter(({ name }) => name === STORE_DURATION)
  const [first] = lines
  if (first === undefined) return () => {}
  const { description, unit } = first
  const advice = { explicitBucketBoundaries: [...LATENCY_BOUNDS] }
  const durations = meter.createHistogram(STORE_DURATION, { description, unit, advice })
  const attributes = new Map(lines.map((line) => [line.attributes['operation'], { ...line.attributes }]))
  return sessions.on('store.called', ({ operation, seconds }) =>
    durations.record(seconds, attributes.get(operation) ?? { operation }),
  )
}
