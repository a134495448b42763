/**
 * Figures for those who watch: `sojourn/observe`. Everything here reads what was counted anyway, when somebody asks;
 * nothing that a request passes through waits for it or fails with it. Which figures there are: docs/metrics.md.
 */
export type { Distribution, Figure, Measure, SelfMeasuring } from '../core/measures.ts'
export { eventLoop } from '../environment/event-loop.ts'
export { type Meter, type Observed, observeWith } from './open-telemetry.ts'
export { type PrometheusRequest, prometheusHandler, prometheusText } from './prometheus.ts'
