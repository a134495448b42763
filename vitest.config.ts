import { defineConfig } from 'vitest/config'

// A group of tests that must run somewhere on its own (another Node, other servers) is a project.
export default defineConfig({
  test: {
    reporters: ['default', './scripts/vitest-reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'] } },
      { test: { name: 'scripts', include: ['scripts/**/*.test.ts'] } },
    ],
  },
})
