import { chmodSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { userOf } from '../../../../src/commands/doctor/checks/script-user.ts'
import { copyProgram, environmentFor, runProgram } from '../../../support/cli.ts'
import { createDaemon, inDirectory, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { claimBoth, lookOn, MAKING } from '../../../support/onlooker.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const CODES: [string, number][] = [
  ['OK', 0],
  ['DRIFT', 1],
  ['PINNED', 1],
  ['SPLIT-BRAIN', 2],
  ['BLACKHOLE', 2],
  ['NO-MASTER', 2],
  ['FOREIGN', 2],
]
const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN']

test.each(CODES)('%s ends with %i, and one line', async (word, code) => {
  MAKING[word]?.()
  const { exitCode, stdout, stderr } = await lookOn(['check', 'VI_1'])
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: '' })
  expect(stdout).toMatch(
    new RegExp(`^VIP-SWITCH ${STATES[code]} - VI_1 ${word}: [^|]* \\| routes_in_place=\\d;;;0;2 masters=\\d;;;0$`),
  )
})

describe('on a node', () => {
  const check = () => runProgram(['check', '--config', writeDaemonConfig()], environmentFor(endpoint))

  test('a daemon that is down is a warning', async () => {
    claimBoth()
    const { exitCode, stdout } = await check()
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^VIP-SWITCH WARNING - no daemon answers on .*; VI_1 OK: /)
  })

  test.skipIf(!requires('root'))('so is one that may not be asked, which is not said to be down', async () => {
    claimBoth()
    const config = writeDaemonConfig()
    await createDaemon(config).start()
    for (const path of [directory, config]) chmodSync(path, 0o755)
    const { uid, gid } = userOf({ user: 'nobody' }, undefined)
    const options = { env: environmentFor(endpoint), extendEnv: false, reject: false, uid, gid } as const
    const { exitCode, stdout } = await execa(copyProgram(directory), ['check', '--config', config], options)
    expect(stdout).toMatch(
      /^VIP-SWITCH WARNING - the daemon does not report its state: permission denied: ask as root, or as a member of /,
    )
    expect(exitCode).toBe(1)
  })

  test('so is one that has rejected its config', async () => {
    const config = writeDaemonConfig()
    const daemon = createDaemon(config)
    await daemon.start()
    writeFileSync(config, 'cluster: [')
    await daemon.reload()
    const { stdout } = await check()
    expect(stdout).toMatch(/the daemon keeps its old config: \/\S+, line \d+: a list is not closed/)
  })
})

test('--json tells the same to a program, with the same exit code', async () => {
  MAKING.BLACKHOLE?.()
  const { exitCode, stdout, stderr } = await lookOn(['check', '--json'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, state: 'CRITICAL', figures: [{ condition: 'BLACKHOLE' }] })
  const wrong = await lookOn(['check', 'VI_2', '--json'])
  expect(wrong.exitCode).toBe(3)
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    state: 'UNKNOWN',
    findings: [{ text: expect.stringContaining('VI_2') }],
    figures: [],
  })
})

describe('what keeps it from telling is UNKNOWN, whatever it is', () => {
  const ofNothing = { exitCode: 3, stderr: '' }

  test('EC2 that does not answer', async () => {
    const { stdout, ...rest } = await lookOn(['check', '-t', '1'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    expect(rest).toEqual(ofNothing)
    expect(stdout).toMatch(
      /^VIP-SWITCH UNKNOWN - VI_1 UNKNOWN: [^\n|]*ECONNREFUSED[^\n|]*check AWS_ENDPOINT_URL[^\n|]*$/,
    )
  })

  test('EC2 that takes its time', async () => {
    interceptWith(() => new Promise(() => {}))
    const { stdout, ...rest } = await lookOn(['check', '--timeout', '1s'])
    expect(rest).toEqual(ofNothing)
    expect(stdout).toContain('the deadline of 0.9 s has passed')
  })

  test.each([
    ['an instance that is not there', ['VI_2'], 'the config has VI_1'],
    ['an option that is none', ['--verbose'], "error: unknown option '--verbose'"],
    ['a time that is none', ['-t', 'soon'], 'It must be a number and a unit'],
    ['a config that is not there', ['--config', '/nonexistent.yaml'], 'cannot read the config'],
    ['a log level that is none', [], 'LOG_LEVEL "loud"', { LOG_LEVEL: 'loud' }],
  ])('%s', async (_, flags, said, env: NodeJS.ProcessEnv = {}) => {
    writeDaemonConfig()
    const { stdout, ...rest } = await runProgram(
      ['check', '--config', inDirectory('config.yaml'), ...flags],
      environmentFor(endpoint, env),
    )
    expect(rest).toEqual(ofNothing)
    expect(stdout).toMatch(/^VIP-SWITCH UNKNOWN - /)
    expect(stdout).toContain(said)
  })

  test('a config with several errors, in one line', async () => {
    writeFileSync(inDirectory('wrong.yaml'), 'cluster: 1\nregion: 2\n')
    const config = inDirectory('wrong.yaml')
    const { stdout, ...rest } = await runProgram(['check', '--config', config], environmentFor(endpoint))
    expect(rest).toEqual(ofNothing)
    expect(stdout).toMatch(
      /^VIP-SWITCH UNKNOWN - \S+wrong\.yaml, line 1: instances is missing; .* \(and 2 more: vip-switch config check\)$/,
    )
  })
})
