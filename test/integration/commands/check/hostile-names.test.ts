/**
 * Names and errors that would take over a terminal. Anyone who may tag an instance, an interface or a route table writes
 * them; whoever answers in EC2's place writes errors.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { environmentFor, PROGRAM, type Run, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf, idOf } from '../../../support/node.ts'
import { claim } from '../../../support/onlooker.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

/** Clears the screen, breaks the line, colours, turns the rest around, hides a letter, and looks like a figure. */
const EVIL = 'x\x1b[2J\x1b]0;owned\x07\n\x9b31m\u202e\u200b\u{e0041}|y=1'
const SHOWN = 'x\\x1b[2J\\x1b]0;owned\\x07\\n\\x9b31m\\u202e\\u200b\\U000e0041|y=1'

/** What no output holds but where this program put it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
const ACTS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u{e0041}]/u

let config: string
let enis: { db1: string; db2: string }

beforeEach(() => {
  enis = { db1: eniOf('db-1'), db2: eniOf('db-2') }
  claim('db-1', 'MASTER', 150)
  claim('db-2', 'MASTER', 100)
  const tables = [idOf('private-a', 'rtb-'), idOf('private-c', 'rtb-')]
  for (const [id, tags] of endpoint.region.tags) {
    if (id.startsWith('i-')) tags.set('Name', `${EVIL} ${tags.get('Name')}`)
    else if (tags.has('Name')) tags.set('Name', tags.get('Name') === 'main' ? 'main' : EVIL)
  }
  config = join(directory, 'config.yaml')
  const keepalived = { fifo: join(directory, 'notify.fifo'), pidFile: join(directory, 'keepalived.pid') }
  const routeTables = [...tables, { name: `gone ${EVIL}` }, { tags: { [EVIL]: EVIL } }]
  const instances = { VI_1: { vips: ['10.99.0.10'], routeTables } }
  writeFileSync(keepalived.pidFile, 'none')
  const text = { cluster: 'db', eni: enis.db1, control: join(directory, 'control.sock'), keepalived, instances }
  writeFileSync(config, JSON.stringify(text))
})

function run(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return runProgram(words, environmentFor(endpoint, { VIP_SWITCH_CONFIG: config, ...env }))
}

/** By the command, whether its output has a name in it. */
const COMMANDS: readonly (readonly [words: readonly string[], names: boolean])[] = [
  [['list'], true],
  [['status'], true],
  [['check'], true],
  [['doctor'], true],
  [['reconcile', '--once'], false],
  [['metrics', '--format', 'prometheus'], false],
  [['config', 'check'], true],
  [['config', 'show'], false],
  [['keepalived-config', '--interface', 'eth0', '--source', '10.0.1.11'], false],
  [['iam-policy'], false],
  [['unpin', 'VI_1'], false],
  [['switch', '-r', EVIL, '-v', '10.99.0.10', '--to', EVIL], true],
  [['switch', '-r', 'public', '-v', `10.0.0.1${EVIL}`, '--to', '10.0.2.12'], true],
  [['switch', 'VI_1', '--to', '10.0.2.12', '--dry-run'], true],
  [['status', `VI_1${EVIL}`], true],
  [['status', `--${EVIL}`], true],
  [['check', `--${EVIL}`], true],
  [['pin', 'VI_1', '--for', EVIL], true],
  [['config', 'check', `/nonexistent/${EVIL}`], true],
]

test.each(COMMANDS)('%j', async (words, names) => {
  const { stdout, stderr } = await run(words)
  expect(stdout).not.toMatch(ACTS)
  expect(stderr).not.toMatch(ACTS)
  // In the line of a monitoring plugin, `|` and line breaks part what is said.
  const upToBreak = SHOWN.slice(0, 15)
  if (names) expect(`${stdout}${stderr}`).toContain(words[0] === 'check' ? upToBreak : SHOWN)
  if (words[0] === 'check') expect(stdout.split('\n')[0]?.split('|').length).toBeLessThanOrEqual(2)
})

test.each([
  ['list'],
  ['status'],
  ['check'],
  ['doctor'],
  ['switch', '-r', 'main', '-v', '10.99.0.10', '--to', '10.0.2.12', '--dry-run'],
])('%s --json says what it is, and does nothing', async (...words) => {
  const { stdout } = await run([...words, '--json'])
  expect(stdout).not.toMatch(ACTS)
  const strings: string[] = []
  JSON.parse(stdout, (_, value) => (typeof value === 'string' ? strings.push(value) : 0))
  expect(strings.filter((text) => text.includes(EVIL))).not.toEqual([])
})

test('an error of EC2 is told on its own line', async () => {
  interceptWith(() => {
    throw new ApiError('UnauthorizedOperation', EVIL, 403)
  })
  const { stdout, stderr } = await run(['status'])
  expect(stdout).toContain(SHOWN)
  expect(`${stdout}${stderr}`).not.toMatch(ACTS)
})

test('a new config has names in comments, and nothing of them outside', async () => {
  const { url } = await endpoint.startMetadata({
    instanceId: endpoint.region.interfaces.get(enis.db1)?.attachment?.instanceId ?? '',
  })
  const files = join(directory, 'etc')
  mkdirSync(files)
  const answers = ['--cluster', 'db', '--vip', '10.99.0.10', '-r', 'all', '--peer', '10.0.2.12', '--priority', '150']
  const made = await run(['init', '--directory', files, '--interface', 'eth0', ...answers], {
    AWS_REGION: undefined,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
  })
  expect(made).toMatchObject({ exitCode: 0 })
  expect(`${made.stdout}${made.stderr}`).not.toMatch(ACTS)
  const shown = await run(['config', 'show', '--json', '--config', join(files, 'config.yaml')])
  expect(Object.keys(JSON.parse(shown.stdout).config)).not.toContain('y')
  expect(shown.exitCode).toBe(0)
})

describe.skipIf(!requires('script'))('on a terminal', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: styles, and a screen that is drawn anew.
  const OURS = /\x1b\[(?:1|2|22|3[1236]|39|\?7[hl]|\?25[hl]|J|K|\d+A)m?|\r|\n/gu

  async function onTerminal(words: string, columns = 80): Promise<string> {
    const { stdout } = await execa(
      'script',
      ['-qec', `stty cols ${columns} rows 200; exec ${PROGRAM} ${words}`, '/dev/null'],
      {
        env: environmentFor(endpoint, { TERM: 'xterm-256color', VIP_SWITCH_CONFIG: config }),
        extendEnv: false,
        reject: false,
      },
    )
    return stdout
  }

  test.each(['list', 'status', 'doctor', 'switch VI_1 --to 10.0.2.12 --dry-run', 'reconcile --once'])(
    '%s acts by escape sequences of its own alone',
    async (words) => {
      const shown = await onTerminal(words)
      expect(shown.replaceAll(OURS, '')).not.toMatch(ACTS)
      expect(shown).toContain('\x1b[')
    },
  )

  test('so does the log', async () => {
    interceptWith(() => {
      throw new ApiError('UnauthorizedOperation', EVIL, 403)
    })
    const shown = await onTerminal('switch VI_1 --to 10.0.2.12 --dry-run')
    expect(shown).toContain('\\x9b31m\\u202e')
    expect(shown.replaceAll(OURS, '')).not.toMatch(ACTS)
  })

  test('columns are aligned whatever the width of a name', async () => {
    const wide = '日本語👩\u200d👧e\u0301'
    const [first, second] = [...endpoint.region.tags.keys()].filter((id) => id.startsWith('i-'))
    endpoint.region.tags.get(first ?? '')?.set('Name', wide)
    endpoint.region.tags.get(second ?? '')?.set('Name', 'ascii')
    const plain = stripVTControlCharacters(await onTerminal('status', 200))
    const rows = plain.split('\n').filter((line) => /MASTER \d+ {2}/.test(line))
    // As a terminal has it: three and an emoji of two columns each, and a letter of one with its accent.
    const columns = rows.map((row) => row.replace(wide, 'aabbccddx').indexOf('MASTER'))
    expect(columns).toEqual([13, 13])
  })
})
