/** `vip-switch config`, run as a user runs it. */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'

const GOOD = '{ cluster: db, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] } } }\n'
const BAD = 'cluster: db\nregoin: eu-west-1\ninstances:\n  VI_1: { vips: [nonsense], routeTables: [rtb-0a] }\n'

let directory: string
let good: string
let bad: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vip-switch-config-'))
  good = join(directory, 'good.yaml')
  bad = join(directory, 'bad.yaml')
  writeFileSync(good, GOOD)
  writeFileSync(bad, BAD)
})
afterAll(() => rm(directory, { recursive: true }))

const NOBODY = 'http://127.0.0.1:9'

const config = (values: string[], env: NodeJS.ProcessEnv = {}) =>
  runProgram(['config', ...values], environmentFor(undefined, { AWS_ENDPOINT_URL: NOBODY, ...env }))

describe('config check', () => {
  test('says what a good file manages, wherever it is named, and what it could not check', async () => {
    const line = `✓ ${good}: cluster db manages VI_1 (10.99.0.10/32 in rtb-0a)`
    for (const run of [
      await config(['check', good]),
      await config(['check', '--config', good]),
      await config(['check'], { VIP_SWITCH_CONFIG: good }),
    ]) {
      expect(run).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^.*\n.*$/), stderr: '' })
      const [first, second] = run.stdout.split('\n')
      expect(first).toBe(line)
      // It is an offline command where nobody can be asked.
      expect(second).toMatch(/^ {2}not checked: whether every VIP is outside the VPC \(.+\)$/)
    }
  })

  test('names every error with its line, and exits with 2', async () => {
    const { exitCode, stdout, stderr } = await config(['check', bad])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(`2 errors in ${bad}\n  line 2: unknown key "regoin"; did you mean "region"?\n`)
    expect(stderr).toContain('  line 4: instances.VI_1.vips[0] is "nonsense", but must be ')
  })

  test('tells programs, too', async () => {
    const { exitCode, stdout } = await config(['check', '--json', bad])
    expect(exitCode).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      path: bad,
      ok: false,
      problems: [
        { line: 2, column: 1, path: 'regoin', message: 'unknown key "regoin"; did you mean "region"?' },
        { line: 4, path: 'instances.VI_1.vips[0]', found: '"nonsense"' },
      ],
    })
    const ok = await config(['check', '--json', good])
    expect({ ...ok, stdout: JSON.parse(ok.stdout) }).toMatchObject({ exitCode: 0, stdout: { ok: true, problems: [] } })
  })

  test('of a file that is not there says where it was looked for', async () => {
    const { exitCode, stderr } = await config(['check', '/nonexistent.yaml'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('create /nonexistent.yaml')
  })
})

describe('config show', () => {
  test('prints a config that checks as good', async () => {
    const { exitCode, stdout } = await config(['show', '--config', good])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^interval: 5s +# default$/m)
    writeFileSync(join(directory, 'shown.yaml'), stdout)
    expect(await config(['check', join(directory, 'shown.yaml')])).toMatchObject({ exitCode: 0 })
  })

  test('refuses a bad file as a check does', async () => {
    const { exitCode, stdout, stderr } = await config(['show', '--json', '--config', bad])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(`2 errors in ${bad}`)
  })
})
