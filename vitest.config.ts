import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/count-reporter.ts'],
    // The tests start processes, endpoints and network namespaces of their own: two files at a time are enough.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What is waited for comes at once on a machine that is not busy.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    // The warning is of the SDK, whose version is locked.
    env: {
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      // Endpoints of the tests are on this host, whatever proxy and CAs it uses.
      NO_PROXY: '*',
      no_proxy: '*',
      AWS_CA_BUNDLE: '',
    },
  },
})
