/** What V8 does in a process that is told what the daemon's is told. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const ENGINE = fileURLToPath(new URL('../../src/agent/daemon/engine.ts', import.meta.url))

/** A function that runs some 400,000 bytecodes in all: enough by default. */
const work = 'let sum = 0; function work(n) { return n * 3 + 1 }; for (let n = 0; n < 60000; n++) sum += work(n)'

async function run(isTuned: boolean) {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { tuneEngine } from ${JSON.stringify(ENGINE)}; if (${isTuned}) tuneEngine(); ${work}`,
      resolveDir: '/',
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  const flags = ['--trace-opt', '--no-maglev', '--no-use-osr']
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, '-e', outputFiles[0]?.text ?? ''], {
    encoding: 'utf8',
  })
  return { status, stderr, optimised: stdout.split('\n').filter((line) => /completed optimizing.*\bwork\b/.test(line)) }
}

test('what runs now and then is not optimised', async () => {
  expect((await run(false)).optimised).not.toEqual([])
  // An unknown flag is complained of here.
  expect(await run(true)).toEqual({ status: 0, stderr: '', optimised: [] })
})
