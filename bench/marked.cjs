// Preloaded into a hook: records when it reaches each phase, in milliseconds since its process started.
const { subscribe } = require('node:diagnostics_channel')
const fs = require('node:fs')
const { performance } = require('node:perf_hooks')
const vm = require('node:vm')

const marks = {}
const mark = (name) => {
  marks[name] ??= performance.now()
}

const { appendFileSync, openSync, readFileSync } = fs
fs.readFileSync = (path, options) => {
  if (/hook\.cjs$/.test(path)) mark('bundle')
  return readFileSync(path, options)
}
fs.openSync = (path, ...options) => {
  if (/\.view$/.test(path)) mark('view')
  // The first read only looks for the daemon's socket.
  if (marks.compiled && /config\.yaml$/.test(path)) mark('config')
  return openSync(path, ...options)
}

vm.Script = class extends vm.Script {
  constructor(source, options) {
    mark('source')
    super(source, options)
    mark('compiled')
  }
}

subscribe('http.client.request.start', () => {
  mark('wire')
  appendFileSync(process.env.BENCH_OBSERVED, `${JSON.stringify(marks)}\n`)
})
mark('program')
