/** Closes the run with one line that counts, for those who read only the last one. */
import type { Reporter, TestModule } from 'vitest/node'

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      for (const test of tests) count[test.result().state] += 1
      // A file that could not be loaded, or whose hooks failed, has failed without a failed test.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) count.failed += 1
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
    // On the next turn, after the summary of the default reporter.
    setImmediate(() =>
      process.stdout.write(`\n${count.passed} passed, ${count.failed + count.pending} failed${skipped}\n`),
    )
  }
}
