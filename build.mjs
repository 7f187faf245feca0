// Bundles src/ into dist/: one entry, split so that a command loads only what it needs.
import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // The ES module builds of the SDK are the ones that tree-shake.
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  // CommonJS dependencies (commander, pino) call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
await writeFile('dist/config.schema.json', execFileSync(process.execPath, ['bin/vip-switch', 'config', 'schema']))
