/**
 * `sojourn/testing`: time and chance that a test owns, a signed-in client in one line, stores that fail on
 * command, and the conformance kit with its rosters for people who write a store.
 */
export {
  expecting,
  makeChange,
  makeCommitId,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from './builders.ts'
export {
  type ConformanceRunner,
  type DeviationReport,
  type OpenStore,
  STORE_RULES,
  storeConformance,
  type StoreConformanceOptions,
} from './conformance/kit.ts'
export type { RuleWorld, StoreRule } from './conformance/rule.ts'
export {
  FAKE_START,
  type FakeEnvironment,
  fakeEnvironment,
  // The name by which people look for it.
  fakeEnvironment as fakeClock,
  type FakeEnvironmentOptions,
} from './fake-environment.ts'
export { type Seeded, seeded } from './seeded.ts'
export { flakyStore, type FlakyStore, type FlakyStoreOptions } from './flaky-store.ts'
export type { Faults, FaultScope, Gate, StoreOperation } from './fault-script.ts'
export { type LoggedIn, loginAs } from './login-as.ts'
export {
  PORT_RULES,
  type PortConformanceRunner,
  redisPortConformance,
  type RedisPortConformanceOptions,
} from './redis-port/kit.ts'
