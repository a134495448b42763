import { defaultExclude, defineConfig } from 'vitest/config'

/** For tests that start programs: only what hangs takes this long. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000 }

/** Tests that start real Redis servers, and wait for them most of the time: more files at once than there are cores. */
const redis = {
  include: [
    'packages/sojourn/src/stores/redis/**/*.test.ts',
    'packages/sojourn/src/testing/redis-port/**/*.test.ts',
  ],
  maxWorkers: 4,
}

/** They start real servers too, and wait for connections that have gone silent. */
const memcached = { include: ['packages/sojourn/src/stores/memcached/**/*.test.ts'] }

// A group of tests that must run somewhere on its own (another Node, other servers) is a project.
export default defineConfig({
  test: {
    reporters: ['default', './scripts/vitest-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          exclude: [...defaultExclude, ...redis.include, ...memcached.include],
        },
      },
      { test: { name: 'redis', ...redis, ...patient, sequence: { groupOrder: 1 } } },
      { test: { name: 'memcached', ...memcached, ...patient } },
      { test: { name: 'demo', include: ['apps/*/src/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'scripts', include: ['scripts/**/*.test.ts'] } },
      { test: { name: 'programs', include: ['test/programs/**/*.test.ts'], ...patient } },
      { test: { name: 'docs', include: ['test/docs/**/*.test.ts'] } },
      { test: { name: 'races', include: ['test/races/src/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'http', include: ['test/http/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'servers', include: ['test/servers/**/*.test.ts'], ...patient } },
      {
        test: {
          name: 'outages',
          include: ['test/redis/**/*.test.ts'],
          ...patient,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'doctor',
          include: ['test/doctor/**/*.test.ts'],
          ...patient,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'balancers',
          include: ['test/balancers/src/**/*.test.ts'],
          ...patient,
          // Nine restarts in a row, each with its pauses.
          testTimeout: 600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/src/**/*.test.ts'],
          testTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], ...patient } },
    ],
  },
})
