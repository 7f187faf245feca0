// `npm run bench`: bundles bench/bench.ts, as Node 20 cannot run TypeScript, and runs it. Arguments select parts: `npm
// run bench -- hook`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const directory = mkdtempSync(join(tmpdir(), 'vip-switch-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const outfile = join(directory, 'bench.mjs')
const banner =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"
await build({
  entryPoints: ['bench/bench.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  logLevel: 'warning',
  banner: { js: banner },
})
const { bench } = await import(pathToFileURL(outfile).href)
await bench({ root: process.cwd(), directory, words: process.argv.slice(2) })
process.exit(0)
