/** What `status` advises, run by a shell as it is printed: with this program, on names that a shell would take apart. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, test } from 'vitest'
import { claimKey, pinKey, pinValue } from '../../../src/adapters/witness/tag.ts'
import { setInstanceState } from '../../../src/lab/ec2/changes.ts'
import { environmentFor, PROGRAM, runProgram } from '../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../support/endpoint.ts'
import { both, eniOf, idOf, TABLES, targets } from '../../support/node.ts'
import { requires } from '../../support/requires.ts'

startEndpointForEachTest()

let env: NodeJS.ProcessEnv
let enis: { readonly db1: string; readonly db2: string }

beforeEach(() => {
  enis = { db1: eniOf('db-1'), db2: eniOf('db-2') }
  const bin = join(directory, 'bin')
  mkdirSync(bin)
  symlinkSync(PROGRAM, join(bin, 'vip-switch'))
  const config = join(directory, 'config.yaml')
  env = environmentFor(endpoint, { VIP_SWITCH_CONFIG: config, PATH: `${bin}:${process.env.PATH}` })
})

function configure(name: string): void {
  const routeTables = TABLES.map((table) => ({ name: table }))
  const instances = { [name]: { vips: ['10.99.0.10'], routeTables } }
  const keepalived = { pidFile: join(directory, 'none.pid'), fifo: join(directory, 'none.fifo') }
  const text = { cluster: 'db', control: join(directory, 'none.sock'), keepalived, instances }
  writeFileSync(join(directory, 'config.yaml'), JSON.stringify(text))
}

function setTag(id: string, key: string, value: string): void {
  endpoint.region.tags.set(id, new Map(endpoint.region.tags.get(id)).set(key, value))
}

function claim(id: string, name: string, state: string): void {
  const time = '2026-11-23T01:02:03Z'
  setTag(id, claimKey('db', name), `${state} prio=150 addr=10.0.2.12 since=${time} beat=${time}`)
}

/** The command of the step that is printed, on a terminal that has room for it. */
async function advised(): Promise<string> {
  const { stdout } = await runProgram(['status'], env)
  const [, command] = /^ {2}→ .*?: (vip-switch .*)$/m.exec(stdout) ?? []
  if (command === undefined) throw new Error(stdout)
  return command
}

const inShell = (command: string) =>
  execa('/bin/sh', ['-c', command], { env, extendEnv: false, reject: false, stdin: 'ignore' })

test.each(['VI_1', 'VI one', '-x', '--help', ' = '])('%j is unpinned as it is advised', async (name) => {
  configure(name)
  claim(enis.db1, name, 'MASTER')
  setTag(enis.db1, pinKey('db', name), pinValue({ since: Date.now(), until: Date.now() + 600_000 }))
  const { exitCode, stdout } = await inShell(await advised())
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${name} is no longer pinned to db-1 (${enis.db1})` })
})

test.each([
  ['VI one', 'db 2'],
  ['-x', "db'2"],
  ['VI_1', '$(reboot)'],
  ['VI_1', '-f'],
  ['VI_1', '-V'],
  ['VI_1', '10.0.1.11'],
  ['VI_1', 'x\x1b[2J'],
])('the routes of %j are moved to %j as it is advised', async (name, node) => {
  configure(name)
  claim(enis.db2, name, 'MASTER')
  setTag(idOf('db-2', 'i-'), 'Name', node)
  setInstanceState(endpoint.region, idOf('db-1', 'i-'), 'stopped')
  // Nobody is there to be asked: what would be moved, and where to, is shown.
  const { exitCode, stdout, stderr } = await inShell(await advised())
  expect(exitCode).toBe(2)
  expect(stdout).toMatch(new RegExp(`^To .*${enis.db2}`))
  expect(stderr).toContain('cannot ask for confirmation without a terminal')
  expect(targets()).toEqual(both(enis.db1))
})

test.skipIf(!requires('script'))('a command is whole on a narrow terminal, too', async () => {
  configure('VI one')
  claim(enis.db2, 'VI one', 'MASTER')
  setTag(idOf('db-2', 'i-'), 'Name', 'a name of several words')
  setInstanceState(endpoint.region, idOf('db-1', 'i-'), 'stopped')
  const { stdout } = await execa('script', ['-qec', 'stty cols 40; exec vip-switch status', '/dev/null'], {
    env: { ...env, TERM: 'dumb' },
    extendEnv: false,
  })
  const [command = ''] = /^ {6}vip-switch (?:.*\\\n)*.*$/m.exec(stdout.replaceAll('\r', '')) ?? []
  expect(command).toContain('\\\n')
  expect((await inShell(command)).stdout).toMatch(new RegExp(`^To a name of several words {2}${enis.db2}`))
})

test('every step of init is a command of a shell, in a directory of any name', async () => {
  const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
  const stub = join(directory, 'stub')
  mkdirSync(stub)
  const record = '#!/bin/sh\nprintf "%s|" "$(basename "$0")" "$@"; echo\n'
  for (const name of ['aws', 'sudo', 'vip-switch', 'npm']) {
    writeFileSync(join(stub, name), name === 'npm' ? '#!/bin/sh\necho /usr/lib\n' : record)
    chmodSync(join(stub, name), 0o755)
  }
  const made = await execa(
    PROGRAM,
    [
      'init',
      '--directory',
      "-d $x'y",
      '--interface',
      'eth0',
      '--cluster',
      'db',
      '--vrrp-instance',
      '-VI @1',
      '--vip',
      '10.99.0.10',
      '-r',
      'all',
      '--peer',
      'db-2',
      '--priority',
      '150',
    ],
    {
      env: { ...env, AWS_REGION: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
      extendEnv: false,
      cwd: directory,
      stdin: 'ignore',
    },
  )
  const steps =
    made.stdout
      .split('\nNext\n')[1]
      ?.split('\n')
      .filter((line) => !line.trimStart().startsWith('#')) ?? []
  const run = await execa('/bin/sh', ['-c', steps.join('\n')], {
    env: { PATH: `${stub}:/usr/bin:/bin` },
    extendEnv: false,
    cwd: directory,
  })
  expect(run.stderr).toBe('')
  const path = "./-d $x'y"
  expect(run.stdout.split('\n').map((line) => line.split('|').slice(0, -1))).toEqual([
    [
      'aws',
      'iam',
      'put-role-policy',
      '--role-name',
      '…',
      '--policy-name',
      'vip-switch',
      '--policy-document',
      `file://${directory}/-d $x'y/iam-policy.json`,
    ],
    ['sudo', 'cp', `${path}/keepalived.conf`, '/etc/keepalived/keepalived.conf'],
    ['sudo', 'useradd', '--system', '--shell', '/usr/sbin/nologin', 'keepalived_script'],
    ['sudo', 'cp', '/usr/lib/vip-switch/systemd/*.service', '/etc/systemd/system/'],
    ['sudo', 'systemctl', 'enable', '--now', 'vip-switch-preflight@\\x2dVI\\x20\\x401', 'vip-switch'],
    ['sudo', 'systemctl', 'restart', 'keepalived'],
    ['sudo', 'vip-switch', 'doctor', '--config', `${path}/config.yaml`],
    ['sudo', 'vip-switch', 'init', '--join', 'config.yaml', '--peer', '10.0.1.11'],
  ])
})
