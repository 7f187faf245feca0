/** `vip-switch init`, asked on a terminal. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { idOf } from '../../../support/node.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const CONTROL_C = '\x03'
const CONTROL_D = '\x04'

/** What the questions begin with, in their order. */
const CLUSTER = 'Name of the cluster'
const INSTANCE = 'Name of the VRRP instance'
const TABLES = 'Route tables: '
const VIPS = 'VIPs: '
const PEERS = 'Other nodes: '
const PRIORITY = 'VRRP priority'
const INTERFACE = 'Network interface'

/** Runs on a terminal of its own (util-linux's script); each answer is typed when its question is there. */
async function dialogue(
  answers: readonly (readonly [question: string, keys: string])[],
  flags: readonly string[] = [],
) {
  const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
  const env = environmentFor(endpoint, { TERM: 'dumb', AWS_REGION: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: url })
  const command = [PROGRAM, 'init', '--directory', join(directory, 'etc'), ...flags].join(' ')
  const terminal = execa('script', ['-qec', command, '/dev/null'], { env, extendEnv: false, reject: false })
  const asked = [...answers]
  let unread = ''
  terminal.stdout.on('data', (chunk: Buffer) => {
    unread += chunk.toString()
    const [question, keys] = asked[0] ?? []
    if (question === undefined || !new RegExp(`${question}[^\\n]*: $`).test(unread)) return
    asked.shift()
    unread = ''
    terminal.stdin.write(keys ?? '')
  })
  const { exitCode, stdout } = await terminal
  return { exitCode, stdout: stdout.replaceAll('\r', ''), unasked: asked.map(([question]) => question) }
}

const made = (name: string) => readFileSync(join(directory, 'etc', name), 'utf8')

describe.skipIf(!requires('script'))('on a terminal', () => {
  test('asks for everything, shows the tables, and makes the files', async () => {
    const { exitCode, stdout, unasked } = await dialogue([
      [CLUSTER, 'db\n'],
      [INSTANCE, '\n'],
      [TABLES, '2, 3\n'],
      [VIPS, '10.99.0.10, 10.99.0.11\n'],
      [PEERS, 'db-2\n'],
      [PRIORITY, '150\n'],
      [INTERFACE, 'eth0\n'],
    ])
    expect({ exitCode, unasked }).toEqual({ exitCode: 0, unasked: [] })
    expect(stdout).toMatch(/^ {2}2 {2}rtb-\w+ {2}private-a +1 subnet$/m)
    expect(stdout).toMatch(/\n +sudo vip-switch doctor [^\n]*\n/)
    expect(made('config.yaml')).toMatch(/vips:.*\n +- 10\.99\.0\.10\n +- 10\.99\.0\.11\n/)
    expect(made('config.yaml').match(/^ +- rtb-.*private-[ac]/gm)).toHaveLength(2)
    expect(made('keepalived.conf')).toContain('unicast_peer {\n    10.0.2.12\n  }')
  })

  test('asks again for what is wrong, with what is allowed', async () => {
    const { exitCode, stdout, unasked } = await dialogue(
      [
        [CLUSTER, '\n'],
        [CLUSTER, 'a b\n'],
        [CLUSTER, 'db\n'],
        [TABLES, '9\n'],
        [TABLES, 'all\n'],
        [VIPS, '10.0.9.9\n'],
        [VIPS, '10.99.0.10\n'],
        [PRIORITY, 'high\n'],
        [PRIORITY, '150\n'],
      ],
      ['--vrrp-instance', 'VI_9', '--peer', '10.0.2.12', '--interface', 'eth0'],
    )
    expect({ exitCode, unasked }).toEqual({ exitCode: 0, unasked: [] })
    expect(stdout).toContain('"a b" is not a name of up to 63 letters')
    expect(stdout).toContain('no route table matches the name 9')
    expect(stdout).toContain("10.0.9.9/32 is inside the VPC's own 10.0.0.0/16")
    expect(stdout).toContain('"high" is not a priority')
    expect(stdout).not.toContain(PEERS)
    expect(made('config.yaml')).toContain('  VI_9:')
  })

  test('takes answers that are typed ahead', async () => {
    const all = 'db\n\nall\n10.99.0.10\n10.0.2.12\n150\n'
    const { exitCode } = await dialogue([[CLUSTER, all]], ['--interface', 'eth0'])
    expect(exitCode).toBe(0)
    expect(made('keepalived.conf')).toContain('priority 150')
  })

  test.each([
    ['an end of input', CONTROL_D],
    ['Ctrl-C', CONTROL_C],
  ])('makes nothing on %s', async (_, keys) => {
    const { exitCode, stdout, unasked } = await dialogue([
      [CLUSTER, 'db\n'],
      [INSTANCE, keys],
    ])
    expect({ exitCode, unasked }).toEqual({ exitCode: 4, unasked: [] })
    expect(stdout).toContain('input ended before all questions were answered; nothing was written')
    expect(existsSync(join(directory, 'etc'))).toBe(false)
  })
})
