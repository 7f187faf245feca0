import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { doctorArguments, groupNamed, interfaceOf, wellSeed } from '../../../support/doctor.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest(wellSeed)

/** Runs it on a terminal of its own (util-linux's script), and answers each question in turn. */
async function onTerminal(columns: number, answers: readonly string[] = [], ...args: string[]) {
  const command = [PROGRAM, ...doctorArguments({ args })].join(' ')
  const terminal = execa('script', ['-qec', `stty cols ${columns}; ${command}`, '/dev/null'], {
    env: environmentFor(endpoint, { TERM: 'xterm' }),
    extendEnv: false,
    reject: false,
  })
  let asked = 0
  let shown = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    while (shown.split('[y/N]').length - 1 > asked) {
      terminal.stdin.write(answers[asked] ?? 'n\n')
      asked += 1
    }
  })
  const { exitCode, stdout } = await terminal
  return { exitCode, asked, stdout, text: stripVTControlCharacters(stdout).replaceAll('\r', '') }
}

const lengths = (text: string) => text.split('\n').map((line) => line.length)

describe.skipIf(!requires('script'))('on a terminal', () => {
  test('--fix asks for each, does what is agreed to, and tells how things are then', async () => {
    for (const node of ['db-1', 'db-2']) interfaceOf(node).sourceDestCheck = true
    const { exitCode, asked, text } = await onTerminal(200, ['y\n', 'n\n'], '--fix')
    expect(asked).toBe(2)
    expect(text).toContain(`Turn off the source/dest check of ${eniOf('db-1')} (db-1)? [y/N]`)
    expect([interfaceOf('db-1').sourceDestCheck, interfaceOf('db-2').sourceDestCheck]).toEqual([false, true])
    expect(text.indexOf('2 failures')).toBeLessThan(text.indexOf('1 failure,'))
    expect(exitCode).toBe(1)
  })

  test('it is in colour, and fits 80 columns as well as 200', async () => {
    groupNamed('db').ingress = []
    const [narrow, wide] = [await onTerminal(80), await onTerminal(200)]
    expect(Math.max(...lengths(narrow.text))).toBeLessThanOrEqual(80)
    expect(Math.max(...lengths(wide.text))).toBeGreaterThan(100)
    expect(narrow.stdout).toContain('\x1b[31m✗')
    expect(narrow.text).toMatch(/authorize-security-group-ingress --group-id sg-\w+ \\\n {10}--protocol 112 --port -1/)
    expect(wide.text).toMatch(/authorize-security-group-ingress --group-id sg-\w+ --protocol 112 --port -1/)
  })
})
