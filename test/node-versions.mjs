// `npm run test:nodes`: runs what depends on the version of Node on each major version that `engines` names, other than the
// one that runs this: unit tests and scenarios, and a failover, a split brain and the code cache for real.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const TESTS = [
  ...['test/unit', 'test/scenarios'],
  ...[
    'test/integration/build/code-cache.test.ts',
    'test/integration/agent/notify/notify.test.ts',
    'test/integration/agent/daemon/control.test.ts',
  ],
  ...['test/e2e/failover.test.ts', 'test/e2e/blip.test.ts', 'test/e2e/daemon-partition.test.ts'],
]

/** As in `^20.19 || ^22 || ^24`. */
const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const majors = Array.from(engines.node.matchAll(/\^(\d+)/g), ([, major]) => major)
const others = majors.filter((major) => major !== process.versions.node.split('.', 1)[0])

const directory = mkdtempSync(join(tmpdir(), 'vip-switch-nodes-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
let failed = false
for (const major of others) {
  const prefix = join(directory, major)
  const flags = ['--no-audit', '--no-fund', '--no-save', '--loglevel=error']
  run('npm', ['install', '--prefix', prefix, ...flags, `node@${major}`], process.env)
  const env = { ...process.env, PATH: [join(prefix, 'node_modules/node/bin'), process.env.PATH].join(delimiter) }
  process.stdout.write(`\nNode ${major}\n`)
  // V8's cache of the code is of one version of Node.
  run('node', ['bin/code-cache.mjs'], env)
  run('node', ['node_modules/vitest/vitest.mjs', 'run', ...TESTS], env)
}
run(process.execPath, ['bin/code-cache.mjs'], process.env)
process.exitCode = failed ? 1 : 0

function run(program, words, env) {
  const { status } = spawnSync(program, words, { cwd: ROOT, env, stdio: 'inherit' })
  if (status !== 0) failed = true
}
