/** Commands that people are told to run: each is run here by a shell, as it is printed. */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeVrrpInstance } from '../../../src/commands/doctor/checks/keepalived-conf.ts'
import { judgeMembers } from '../../../src/commands/doctor/checks/members.ts'
import { judgeProtocol } from '../../../src/commands/doctor/checks/security-groups.ts'
import { judgeState } from '../../../src/commands/doctor/checks/state.ts'
import { judgeRoutes } from '../../../src/commands/doctor/checks/tables.ts'
import { reportText } from '../../../src/commands/doctor/output.ts'
import { statusText } from '../../../src/commands/status/output.ts'
import { both, type CommandLine, commandLine, ec2Command, pathWord, vipSwitch } from '../../../src/core/command-line.ts'
import { CONDITIONS } from '../../../src/core/decide.ts'
import type { Finding } from '../../../src/core/finding.ts'
import { parseVip } from '../../../src/core/vip.ts'
import { memberOf } from '../../support/doctor-members.ts'
import { tableWith } from '../../support/fixtures.ts'
import { DB1, FACTS, instance, overview } from '../../support/overview.ts'

/** Programs that advice names. Each stands in for itself, and tells the words that it was called with. */
const PROGRAMS = ['vip-switch', 'aws', 'systemctl', 'sudo', 'journalctl']
const RECORD = `#!/bin/sh
printf '%s\\0' $# "$(basename "$0")" "$@"
`
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vip-switch-shell-'))
  writeFileSync(join(directory, 'record'), RECORD)
  chmodSync(join(directory, 'record'), 0o755)
  for (const name of PROGRAMS) symlinkSync('record', join(directory, name))
})
afterAll(() => rmSync(directory, { recursive: true }))

/** The words of every call that a shell makes of the text. */
function callsOf(text: string): string[][] {
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', text], {
    encoding: 'utf8',
    env: { PATH: `${directory}:/usr/bin:/bin` },
    cwd: directory,
  })
  expect(stderr).toBe('')
  const told = stdout.split('\0')
  const calls: string[][] = []
  for (let at = 0; at < told.length - 1; at += Number(told[at]) + 2)
    calls.push(told.slice(at + 1, at + Number(told[at]) + 2))
  return calls
}

/** Names of the config, whose letters are limited. */
const INSTANCES = ['VI_1', 'VI one', '-x', '--help', 'a=b', ' lead', '@/+:.', '-']
/** Names of instances: anyone who may tag one chooses them. */
const NAMES = [
  'db-2',
  'db 2',
  "db'2",
  '"db"',
  '$(reboot)',
  '`id`',
  'a;b',
  'a && b',
  '-n',
  '--pin',
  '*',
  '~',
  '#c',
  '!x',
  'a\\b',
  '日本',
]
/** These cannot be seen, or are something else to whoever reads a command. */
const UNNAMEABLE = ['db\x1b[2J', 'a\nb', 'x\u202ey', 'd\u200bb', '10.0.0.9', '2001:db8::1', 'eni-0bad', 'i-0bad']

describe('a command line', () => {
  test('is split by a shell into the words that it was made of', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && !text.endsWith('\n'))
    const words = fc.array(fc.oneof(word, fc.constantFrom(...NAMES, ...UNNAMEABLE, '', '=x', 'a\nb')), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(words, { minLength: 20, maxLength: 20 }), (lines) => {
        const calls = lines.map((each) => ['aws', ...each])
        expect(callsOf(calls.map((call) => commandLine(...call)).join('\n'))).toEqual(calls)
      }),
      { numRuns: 20 },
    )
  })

  test('shows every word, so that it can be copied from a terminal', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
    for (const name of UNNAMEABLE) expect(commandLine('aws', name)).not.toMatch(/[\x00-\x1f\u200b\u202e]/)
  })

  test('quotes no more than it must', () => {
    expect(ec2Command(['describe-route-tables'], 'eu-west-1')).toBe('aws ec2 describe-route-tables --region eu-west-1')
    expect(vipSwitch('switch', 'VI one', '--to', 'NODE')).toBe("vip-switch switch 'VI one' --to NODE")
    expect(ec2Command(['delete-tags', '--tags', 'Key=vip-switch:db:VI_1'])).toBe(
      'aws ec2 delete-tags --tags Key=vip-switch:db:VI_1 --region …',
    )
  })

  test('takes no path for an option, and runs the second of two if the first succeeds', () => {
    expect(callsOf(both(commandLine('aws', pathWord('-x/y')), commandLine('sudo', pathWord('/y'))))).toEqual([
      ['aws', './-x/y'],
      ['sudo', '/y'],
    ])
    expect(callsOf(both('false' as CommandLine, commandLine('sudo')))).toEqual([])
  })
})

test('no command is put together anywhere else', () => {
  const root = fileURLToPath(new URL('../../../src', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const commands = 'switch|pin|unpin|status|check|doctor|list|config|keepalived-config|init|iam-policy'
  const form = new RegExp(`\\b(vip-switch (${commands})|aws|sudo|systemctl|journalctl) [^\`'\\n;]*\\$\\{`)
  expect(files.filter((name) => form.test(readFileSync(join(root, name), 'utf8')))).toEqual([])
})

/** The commands of a screen, as they stand there: after a colon, or on lines of their own. */
function printedCommands(text: string): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const [, start] = /(?:^ {6}|: )((?:vip-switch|aws|systemctl|sudo|journalctl) .*)$/.exec(line) ?? []
    if (start === undefined) return []
    const rest = [start]
    for (let next = index + 1; rest.at(-1)?.endsWith(' \\'); next++) rest.push(lines[next] ?? '')
    return [rest.join('\n')]
  })
}

/** Findings whose mends name the VRRP instance, and what the host calls things. */
function findingsFor(name: string): Finding[] {
  const region = 'ap-northeast-1'
  const members = [memberOf('db-1', '10.0.1.11', { groups: [] }), memberOf('db-2', '10.0.2.12', { groups: ['sg-0a'] })]
  const detached = { ...memberOf('db-3', '10.0.3.13'), published: [name], instance: undefined }
  const vip = parseVip('10.99.0.10')
  const blackhole = { destination: vip, target: { kind: 'none' }, state: 'blackhole', origin: 'CreateRoute' } as const
  const config = {
    vips: [vip],
    routeTables: [],
    createMissing: true,
    priority: undefined,
    takeOver: [],
    hooks: undefined,
  }
  const scriptUser = { name: 'keepalived_script', uid: 998, gid: 998 }
  const root = { uid: 0, mode: 0o40755 }
  const missing = { known: true, value: 'finds no directory' } as const
  return [
    ...judgeVrrpInstance(undefined, '/etc/keepalived/keepalived.conf', name),
    ...judgeMembers(
      { members: [detached], region },
      { cluster: 'db', witness: { type: 'ec2-tags', ttl: 0 } },
      undefined,
    ),
    ...judgeRoutes({ name, config, tables: [tableWith([blackhole])], problems: [] }, []),
    ...judgeProtocol({ members, region }, []),
    ...judgeState(`/run/${name}`, scriptUser, { state: undefined, hooks: undefined, writable: missing }),
    ...judgeState(`/run/${name}`, scriptUser, {
      state: { uid: 0, mode: 0o40775 },
      hooks: undefined,
      writable: missing,
    }),
    ...judgeState(`/run/${name}`, scriptUser, { state: root, hooks: { uid: 1, mode: 0o40755 }, writable: missing }),
  ]
}

describe.each([40, 80, Number.POSITIVE_INFINITY])('on %s columns', (width) => {
  test.each(CONDITIONS)('what status advises for %s is run as it is printed', (condition) => {
    const called = INSTANCES.flatMap((name) => {
      const screen = statusText(overview({ instances: [instance({ name, condition })] }), width)
      return printedCommands(screen)
        .flatMap(callsOf)
        .filter(([program]) => program === 'vip-switch')
        .map((call) => ({ name, call }))
    })
    for (const {
      name,
      call: [, command, ...words],
    } of called) {
      expect(['switch', 'status', 'unpin']).toContain(command)
      if (name.startsWith('-')) expect(words.slice(-2)).toEqual(['--', name])
      else expect(words[0]).toBe(name)
    }
  })

  test('a node is named by what names it and nothing else', () => {
    const toOf = (name: string) => {
      const facts = new Map([...FACTS].map(([id, each]) => [id, { ...each, name: id === DB1 ? name : 'other' }]))
      const screen = statusText(overview({ facts, instances: [instance({ condition: 'BLACKHOLE' })] }), width)
      return printedCommands(screen).flatMap(callsOf)
    }
    for (const name of NAMES) expect(toOf(name)).toEqual([['vip-switch', 'switch', 'VI_1', '--to', name]])
    for (const name of UNNAMEABLE) expect(toOf(name)).toEqual([['vip-switch', 'switch', 'VI_1', '--to', DB1]])
  })

  test('what mends a finding of the doctor is run as it is printed', () => {
    const findings = INSTANCES.flatMap(findingsFor)
    const report = { cluster: 'db', region: 'ap-northeast-1', node: undefined, findings }
    const mends = findings.flatMap(({ mend }) => (mend && 'command' in mend ? [mend.command] : []))
    expect(new Set(mends).size).toBeGreaterThan(INSTANCES.length * 3)
    const printed = printedCommands(reportText(report, width))
    const words = printed.flatMap(callsOf)
    // In another order, for the worst comes last.
    expect(words.sort()).toEqual(mends.flatMap(callsOf).sort())
    for (const name of INSTANCES) {
      expect(words).toContainEqual(expect.arrayContaining(['vip-switch', 'keepalived-config', name]))
      expect(words).toContainEqual(expect.arrayContaining([`Key=vip-switch:db:${name}`]))
    }
  })
})
