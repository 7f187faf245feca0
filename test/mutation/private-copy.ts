/** A copy of the source and of the tests of the protocol, in which one rule may be broken. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { z } from 'zod'
import type { Mutant } from './mutant.ts'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const CORE_TESTS = ['decide', 'decide-contest', 'decide-properties', 'liveness', 'pin', 'claim']
const UNIT_TESTS = [
  ...CORE_TESTS.map((name) => `test/unit/core/${name}.test.ts`),
  'test/unit/agent/node/event-order.test.ts',
]
const COPIED = ['src', 'test/scenarios', 'test/simulation', 'test/exhaustive', 'test/support', 'package.json']
const TIMEOUT_MS = 120_000

/** What kills most, and is quick, comes first. */
const STAGES: readonly (readonly string[])[] = [
  ['test/scenarios', ...UNIT_TESTS],
  ['test/simulation', 'test/exhaustive'],
]
/** Enough to kill; the suite itself takes many more. */
const SHORT = { SIMULATION_STEPS: '160000', EXHAUSTIVE: 'small' }

const CONFIG = `export default {
  cacheDir: './cache',
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, maxWorkers: 1, pool: 'threads', isolate: false, bail: 1, reporters: ['json'], outputFile: './report.json' },
}
`

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
})

export class PatchDoesNotApply extends Error {
  override name = 'PatchDoesNotApply'
}

/** What is copied for each mutant: the tree may change meanwhile. @returns its directory, and what removes it */
export function snapshot(): { readonly directory: string; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-whole-'))
  for (const path of [...COPIED, ...UNIT_TESTS]) cpSync(join(ROOT, path), join(directory, path), { recursive: true })
  writeFileSync(join(directory, 'vitest.config.mjs'), CONFIG)
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/**
 * Runs the tests of the protocol, the quick ones first, until one fails.
 * @returns the name of the test that failed, with what it said first; undefined if none did
 * @throws PatchDoesNotApply if the text that is to be replaced is not there exactly once
 */
export async function firstFailure(whole: string, mutant?: Mutant): Promise<string | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'vip-switch-mutant-'))
  try {
    cpSync(whole, copy, { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    if (mutant) breakRule(join(copy, mutant.file), mutant)
    for (const paths of STAGES) {
      const failure = await run(copy, paths)
      if (failure !== undefined) return failure
    }
    return undefined
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function breakRule(path: string, { name, find, replace }: Mutant): void {
  const source = readFileSync(path, 'utf8')
  const times = source.split(find).length - 1
  if (times !== 1) throw new PatchDoesNotApply(`"${name}": its text is there ${times} times, not once:\n${find}`)
  writeFileSync(
    path,
    source.replace(find, () => replace),
  )
}

async function run(copy: string, paths: readonly string[]): Promise<string | undefined> {
  const { exitCode, timedOut, stderr } = await execa(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'vitest.config.mjs', ...paths],
    { cwd: copy, env: SHORT, reject: false, timeout: TIMEOUT_MS },
  )
  if (exitCode === 0) return undefined
  if (timedOut) return `${paths.join(', ')}: no end within ${TIMEOUT_MS / 1000} s`
  if (!existsSync(join(copy, 'report.json'))) throw new Error(`the tests did not run: ${stderr}`)
  const report = reportSchema.parse(JSON.parse(readFileSync(join(copy, 'report.json'), 'utf8')))
  const failed = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  )
  const [first] = failed
  if (first) return `${first.fullName}: ${first.failureMessages[0]?.split('\n')[0] ?? ''}`
  const broken = report.testResults.find(({ status }) => status === 'failed')
  throw new Error(`the tests did not run: ${broken?.name}: ${broken?.message ?? stderr}`)
}
