// Bundles src/ into dist/: one entry, split so that a command loads only what it needs.
import { execFileSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

/**
 * The SDK's schemas of all 700 actions of EC2 name their keys by constants (`{ [_xN]: … }`), which keeps a bundler from
 * seeing that an unused one has no side effects. With the names in place only the actions that we call are left: a
 * hook loads 0.1 MB instead of 0.8 MB before its first request.
 */
const shakeableSchemas = {
  name: 'shakeable-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/client-ec2\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const names = new Map(Array.from(source.matchAll(/^const (_\w+) = (".*");$/gm), ([, name, text]) => [name, text]))
      const contents = source.replace(/([{,]\s*)\[(_\w+)\]:/g, (whole, before, name) =>
        names.has(name) ? `${before}${names.get(name)}:` : whole,
      )
      return { contents, loader: 'js' }
    })
  },
}

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
  plugins: [shakeableSchemas],
  banner: {
    // CommonJS dependencies (commander, pino) call require() for Node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
await writeFile('dist/config.schema.json', execFileSync(process.execPath, ['bin/vip-switch', 'config', 'schema']))
