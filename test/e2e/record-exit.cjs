// Preloaded into each hook of a test: records how it ended, which keepalived tells nobody. One that is killed records
// nothing.
const { appendFileSync } = require('node:fs')

process.on('exit', (exitCode) => {
  const record = { argv: process.argv.slice(2), exitCode, ms: performance.now() }
  appendFileSync(process.env.RECORD_EXITS, `${JSON.stringify(record)}\n`)
})
