/** `vip-switch completion`, asked by the real shells. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, test as base, beforeAll, describe, expect } from 'vitest'
import { serveControl } from '../../../src/agent/daemon/control-server.ts'
import { environmentFor, PROGRAM, runProgram } from '../../support/cli.ts'
import { requires } from '../../support/requires.ts'

const ZSH = fileURLToPath(new URL('../../support/zsh/complete.zsh', import.meta.url))

/** Has the shell load its script, and asks what it offers at the end of the line: words, with what bash or fish add. */
type Ask = (script: string, line: string) => Promise<string>

const stopped = new AbortController()

/** A daemon's status with this in it. */
const statusWith = (seen: object) => ({
  ...{ version: 1, cluster: 'db', eni: 'eni-0a', region: 'ap-northeast-1', configLoadedAt: '2026-11-23T01:02:03Z' },
  ...{ configRejected: null, configRejectedSince: null, credentialRenewals: 0, details: [], instances: [], ...seen },
})

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vip-switch-completion-'))
  symlinkSync(PROGRAM, join(directory, 'vip-switch'))
  // A daemon that has seen two nodes, one of them without a name, and a route table.
  const seen = {
    nodes: [
      { id: 'eni-0a', name: 'db-1' },
      { id: 'eni-0b', name: null },
    ],
    tables: [{ id: 'rtb-0a', name: 'private-a' }],
  }
  await serveControl(join(directory, 'control.sock'), () => statusWith(seen), stopped.signal)
  const config = `{ cluster: db, control: ${join(directory, 'control.sock')}, instances: { VI_1: { vips: [10.99.0.10], routeTables: [rtb-0a] }, VI_2: { vips: [10.99.0.11], routeTables: [rtb-0a] } } }`
  writeFileSync(join(directory, 'config.yaml'), config)
})
afterAll(() => {
  stopped.abort()
  return rm(directory, { recursive: true })
})

const environment = () =>
  environmentFor(undefined, {
    // The program is called by its name, as the shell found it.
    PATH: `${directory}:${process.env.PATH}`,
    HOME: directory,
    TERM: 'dumb',
    VIP_SWITCH_CONFIG: join(directory, 'config.yaml'),
  })

async function ask(command: string, values: readonly string[]): Promise<string> {
  const options = { env: environment(), extendEnv: false, cwd: directory, timeout: 15_000 } as const
  const { stdout, stderr } = await execa(command, values, options)
  expect(stderr).toBe('')
  return stdout
}

/** bash calls the function that the script has registered, with the words as readline splits them. */
const BASH = `
  source "$1"
  read -ra COMP_WORDS <<< "\${2//=/ = }"
  [[ $2 == *' ' || $2 == *= ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  [[ $(complete -p vip-switch) == *'-F '* ]] && $(complete -p vip-switch | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
  printf '%s\\n' "\${COMPREPLY[@]}"`

const shells: { shell: 'bash' | 'zsh' | 'fish'; asked: Ask }[] = [
  { shell: 'bash', asked: (script, line) => ask('bash', ['--norc', '-c', BASH, 'bash', script, line]) },
  { shell: 'zsh', asked: (script, line) => ask('zsh', ['-f', ZSH, script, line]) },
  {
    shell: 'fish',
    asked: (script, line) => ask('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line]),
  },
]

describe.each(shells)('$shell', ({ shell, asked }) => {
  const test = base.skipIf(!requires(shell))
  let script: string
  beforeAll(async () => {
    script = join(directory, `completion.${shell}`)
    const { exitCode, stdout } = await runProgram(['completion', shell], environment())
    expect(exitCode).toBe(0)
    writeFileSync(script, `${stdout}\n`)
  })

  test('takes the script without a word', async () => {
    await execa(shell, ['-n', script])
  })

  test.each([
    ['commands', 'vip-switch sw', ['switch']],
    ['commands of a command', 'vip-switch config s', ['schema', 'show']],
    ['options', 'vip-switch keepalived-config --p', ['--peer', '--priority', '--profile']],
    ['options after others’ values', 'vip-switch switch -r switch -v pin --dr', ['--dry-run']],
    ['VRRP instances', 'vip-switch switch ', ['VI_1', 'VI_2']],
    ['nodes', 'vip-switch switch VI_1 --to ', ['db-1', 'eni-0b']],
    ['route tables', 'vip-switch switch -r ', ['private-a']],
    ['VRRP instances after an option', 'vip-switch pin --for 30m VI', ['VI_1', 'VI_2']],
    ['nothing for an instance of EC2', 'vip-switch switch --instance VI', []],
    ['what an argument may be', 'vip-switch completion ', ['bash', 'fish', 'zsh']],
    ['what an option may be', 'vip-switch iam-policy --for ro', ['route-owner']],
    ['files', 'vip-switch config check conf', ['config.yaml']],
    ['files for an option', 'vip-switch list -c conf', ['config.yaml']],
  ])('completes %s', async (_, line, expected) => {
    const offered = (await asked(script, line)).split('\n').map((each) => each.split('\t', 1)[0])
    expect([...new Set(offered.filter(Boolean))].sort()).toEqual(expected)
  })

  test('completes a file in the same word as its option', async () => {
    expect(await asked(script, 'vip-switch list --config=conf')).toMatch(/^(--config=)?config\.yaml\s*$/)
  })
})

base('no other shell is known', async () => {
  const { exitCode, stderr } = await runProgram(['completion', 'csh'], environment())
  expect(exitCode).toBe(2)
  expect(stderr).toContain('bash, zsh, fish')
})
