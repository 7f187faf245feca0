import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/mutation/mutation.ts'],
    // Each is a process of its own.
    maxConcurrency: 2,
  },
})
