import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/package/{install,upgrade,contents}.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    // Each boots several machines.
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
})
