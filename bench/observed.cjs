// Preloaded into a program: on exit, writes V8's heap statistics and garbage collection time, and, if BENCH_PROFILED is
// set, a profile of the main thread; both since the start, or since SIGUSR2.
const { appendFileSync } = require('node:fs')
const { Session } = require('node:inspector')
const { PerformanceObserver } = require('node:perf_hooks')
const { getHeapCodeStatistics, getHeapSpaceStatistics } = require('node:v8')

let from = 0
let garbageMs = 0

process.once('SIGUSR2', () => {
  from = Number(process.hrtime.bigint() / 1000n)
  garbageMs = 0
})

if (process.env.BENCH_PROFILED) {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval: 200 })
  session.post('Profiler.start')
  process.once('exit', () => session.post('Profiler.stop', (_, { profile }) => write({ profile, from })))
} else {
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) garbageMs += duration
  }).observe({ entryTypes: ['gc'] })
  process.once('exit', () => write({ garbageMs, spaces: getHeapSpaceStatistics(), code: getHeapCodeStatistics() }))
}

function write(found) {
  appendFileSync(process.env.BENCH_OBSERVED, `${JSON.stringify(found)}\n`)
}
