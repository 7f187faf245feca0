// Bundles src/ into three files, by what must load first: main.cjs, which hands a hook's event to the daemon and knows
// no other command; hook.cjs, for a hook that must act itself; program.cjs, for everything else. Each process loads
// only what it needs, as the code cache of a bundle is read as a whole (src/platform/code-cache.ts).
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { build } from 'esbuild'
import { commitName, commitTime } from './commit.mjs'

/**
 * The SDK's schemas of all actions (EC2 has 700) use constants as keys (`{ [_xN]: … }`), which keeps a bundler from
 * seeing that unused ones have no side effects. With the names inlined, only the actions we call remain: a hook loads
 * 0.1 MB instead of 0.8 MB before its first request.
 */
const shakeableSchemas = {
  name: 'shakeable-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk\/client-(?:ec2|dynamodb)\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const names = new Map(Array.from(source.matchAll(/^const (_\w+) = (".*");$/gm), ([, name, text]) => [name, text]))
      const contents = source.replace(/([{,]\s*)\[(_\w+)\]:/g, (whole, before, name) =>
        names.has(name) ? `${before}${names.get(name)}:` : whole,
      )
      return { contents, loader: 'js' }
    })
  },
}

/** The entry point that main.ts imports from each bundle. */
const LATER = { 'hook.cjs': 'src/commands/notify/notify.ts', 'program.cjs': 'src/cli/run.ts' }

/** Puts main.ts's dynamic imports into their own bundles, run with V8's code cache. */
const laterBundles = {
  name: 'later-bundles',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ kind, path, resolveDir }) => {
      const [bundle] = Object.entries(LATER).find(([, source]) => resolve(source) === resolve(resolveDir, path)) ?? []
      return kind === 'dynamic-import' && bundle ? { path: bundle, namespace: 'later' } : undefined
    })
    onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = require('./src/platform/code-cache.ts').runCached(require.resolve('./${path}'))`,
      resolveDir: import.meta.dirname,
    }))
    onResolve({ filter: /./, namespace: 'later' }, ({ kind, path }) =>
      kind === 'require-resolve' ? { path, external: true } : undefined,
    )
  },
}

/** Identifies the build: a checksum of all sources. */
const sources = await readdir('src', { recursive: true, withFileTypes: true })
const texts = await Promise.all(
  sources.filter((entry) => entry.isFile()).map(({ parentPath, name }) => readFile(join(parentPath, name))),
)
const BUILD = texts.reduce((sum, text) => crc32(text, sum), 0).toString(16)

const FOR_NODE = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  // They are in THIRD-PARTY-LICENSES.txt, including those without comments in the source.
  legalComments: 'none',
  logLevel: 'warning',
  define: {
    'process.env.VIP_SWITCH_BUILD': JSON.stringify(BUILD),
    'process.env.VIP_SWITCH_COMMIT': JSON.stringify(commitName()),
  },
}
// Dynamic imports are bundled into the same file, and run on demand.
const AT_ONCE = { format: 'cjs', supported: { 'dynamic-import': false } }

await mkdir('dist', { recursive: true })
const staging = await mkdtemp('dist/.new-')
try {
  const outputs = await Promise.all(Object.entries(LATER).map(([bundle, source]) => buildLater(bundle, source)))
  await build({
    ...FOR_NODE,
    ...AT_ONCE,
    entryPoints: ['src/main.ts'],
    outfile: join(staging, 'main.cjs'),
    plugins: [laterBundles],
  })
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(commitTime()) }
  const printed = (...command) => execFileSync(process.execPath, [join(staging, 'main.cjs'), ...command], { env })
  for (const bundle of ['main.cjs', ...Object.keys(LATER)]) await assertAscii(join(staging, bundle))
  await writeFile(join(staging, 'config.schema.json'), printed('config', 'schema'))
  await writeFile(join(staging, 'vip-switch.1'), printed('manual'))
  await writeFile(join(staging, 'THIRD-PARTY-LICENSES.txt'), await licences(outputs.flat()))
  const files = await readdir(staging)
  // Renamed one by one, so that a process starting meanwhile finds each file complete.
  for (const name of files) await rename(join(staging, name), join('dist', name))
  for (const name of await readdir('dist')) {
    if (!files.includes(name) && !name.endsWith('.cache') && !name.startsWith('.new-')) await rm(join('dist', name))
  }
} finally {
  await rm(staging, { recursive: true, force: true })
}
execFileSync(process.execPath, ['bin/code-cache.mjs'], { stdio: 'inherit' })

/**
 * Builds in steps: only ES modules split at every import() tree-shake well, only a single file has a single cache, and
 * only code in CommonJS wrappers costs nothing until it runs.
 */
async function buildLater(bundle, source) {
  const split = join(staging, `${bundle}-split`)
  const { metafile } = await build({
    ...FOR_NODE,
    entryPoints: { entry: source },
    outdir: split,
    outExtension: { '.js': '.cjs' },
    splitting: true,
    format: 'esm',
    // Only the SDK's ES module builds tree-shake.
    mainFields: ['module', 'main'],
    metafile: true,
    plugins: [shakeableSchemas],
  })
  // The bundle names its modules: by paths that are the same in each build.
  const absWorkingDir = resolve(staging)
  const chunks = (await readdir(split)).map((name) => resolve(split, name))
  await build({
    ...FOR_NODE,
    ...AT_ONCE,
    absWorkingDir,
    bundle: false,
    entryPoints: chunks,
    outdir: resolve(split),
    outExtension: { '.js': '.cjs' },
    allowOverwrite: true,
  })
  await build({
    ...FOR_NODE,
    ...AT_ONCE,
    absWorkingDir,
    entryPoints: [resolve(split, 'entry.cjs')],
    outfile: resolve(staging, bundle),
  })
  await rm(split, { recursive: true })
  return Object.values(metafile.outputs)
}

/** A bundle is run as Latin-1 (code-cache.ts). esbuild escapes all but regular expressions, which must do so themselves. */
async function assertAscii(path) {
  const [found] = /.{0,60}[^\0-\x7f].{0,60}/.exec(await readFile(path, 'utf8')) ?? []
  if (found !== undefined) throw new Error(`${path} is not ASCII: ${found}`)
}

/** Name, version and licence text of every bundled package; each text once. */
async function licences(outputs) {
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs))
  const directories = inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput > 0 ? (/^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []) : [],
  )
  const packages = await Promise.all([...new Set(directories)].sort().map(packageIn))
  const byText = new Map()
  for (const each of packages) {
    const text = each.text ?? (await standardText(each, packages))
    byText.set(text, [...(byText.get(text) ?? []), `${each.name} ${each.version} (${each.license})`])
  }
  const sections = Array.from(byText, ([text, names]) => `${names.join('\n')}\n\n${text}\n`)
  return `vip-switch contains these packages, under these licences.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/** `text`: the licence and notices in its directory, if any. */
async function packageIn(directory) {
  const { name, version, license, author } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  const files = (await readdir(directory)).filter((file) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(file)).sort()
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
  const text = texts.map((each) => each.replaceAll('\r', '').trim()).join('\n\n') || undefined
  return { name, version, license, author: author?.name ?? author, text }
}

/** The text for a package that only refers to its licence. */
async function standardText({ name, license, author }, packages) {
  if (license === 'MIT') {
    const ours = await readFile('LICENSE', 'utf8')
    const terms = ours.slice(ours.indexOf('Permission is hereby granted')).trim()
    return `MIT License\n\nCopyright (c) ${author ?? `the authors of ${name}`}\n\n${terms}`
  }
  const other = packages.find((each) => each.license === license && each.text)
  if (license !== 'Apache-2.0' || !other) throw new Error(`no text found for the licence of ${name}, ${license}`)
  return other.text
}
