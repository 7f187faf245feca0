/** What operators' commands say on stderr: plain text, whoever reads it, and JSON if asked for. */
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import type { Intercept } from '../../../src/lab/ec2/dispatch.ts'
import { ApiError } from '../../../src/lab/ec2/errors.ts'
import { environmentFor, logLines, PROGRAM, runProgram } from '../../support/cli.ts'
import { writeDaemonConfig } from '../../support/daemon.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest } from '../../support/endpoint.ts'
import { claimBoth, writeOnlookerConfig } from '../../support/onlooker.ts'

startEndpointForEachTest()

/** Answers the first request of each action with an error that is retried. */
function failOnce(): Intercept {
  const failed = new Set<string>()
  return ({ action }) => {
    if (failed.has(action)) return
    failed.add(action)
    throw new ApiError('InternalError', 'not now', 500)
  }
}

const COMMANDS = [
  ['list'],
  ['switch', 'VI_1', '--to', 'db-2', '-f'],
  ['pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f'],
  ['unpin', 'VI_1'],
  ['keepalived-config', '--source', '10.0.1.11'],
]
const RETRYING = /^trying again: .*InternalError.*: not now$/

describe.each(COMMANDS)('%s', (...words) => {
  const run = (...flags: string[]) =>
    runProgram([...words, ...flags, '--config', writeOnlookerConfig()], environmentFor(endpoint))

  test('speaks plain text where it is piped', async () => {
    claimBoth()
    interceptWith(failOnce())
    const { exitCode, stderr } = await run()
    expect(exitCode).toBe(0)
    const [first, second] = stderr.split('\n')
    expect(first).toMatch(new RegExp(`^vip-switch: warning: ${RETRYING.source.slice(1)}`))
    expect(second).toBe('  → AWS has a problem: if it persists, see AWS Health')
    expect(stderr).not.toMatch(/^\{/m)
  })

  test('logs JSON lines with --log-format json', async () => {
    claimBoth()
    interceptWith(failOnce())
    const { exitCode, stderr } = await run('--log-format', 'json')
    expect(exitCode).toBe(0)
    const logged = stderr.split('\n').filter((line) => line.startsWith('{'))
    expect(logLines({ stderr: logged.join('\n') })[0]).toMatchObject({
      level: 40,
      msg: expect.stringMatching(RETRYING),
    })
  })
})

test('a usage error looks like every other error', async () => {
  const env = environmentFor(endpoint)
  expect((await runProgram(['list', '--jsn'], env)).stderr).toBe(
    "vip-switch: unknown option '--jsn'\n(Did you mean --json?)\n  → see vip-switch list --help",
  )
  expect((await runProgram(['switch'], env)).stderr).toBe(
    'vip-switch: nothing to switch: name an instance of the config (no config), or use -r, -v and a target\n  → see vip-switch switch --help',
  )
})

test('the daemon logs JSON lines where it is piped, and text if asked for', async () => {
  async function firstLine(...flags: string[]): Promise<string | undefined> {
    const running = execa(PROGRAM, ['reconcile', ...flags, '--config', writeDaemonConfig()], {
      env: environmentFor(endpoint, { RUNTIME_DIRECTORY: directory }),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
    for await (const line of running.iterable({ from: 'stderr' })) {
      running.kill()
      return line
    }
    return undefined
  }
  expect(JSON.parse((await firstLine()) ?? '')).toMatchObject({ msg: expect.any(String) })
  expect(await firstLine('--log-format', 'text')).toMatch(/^\[[\d:.]+\] (INFO|WARN): /)
})
