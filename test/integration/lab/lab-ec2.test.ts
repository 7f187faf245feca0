/** `vip-switch lab ec2` as its help and its users call it. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { environmentFor, PROGRAM, runProgram } from '../../support/cli.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('a seed', () => {
  test.each([
    ['with a fault', 'vpcs: { a: { cidrs: [10.0.0.0] } }', 'vpcs.a.cidrs.0: '],
    [
      'whose parts do not fit',
      'vpcs: { a: { cidrs: [10.0.0.0/16], instances: { n: 10.0.0.1 } } }',
      'is not in any subnet',
    ],
    ['that is no YAML', 'vpcs: [', 'line 1, column 8'],
  ])('%s is a fault of the configuration, and its place is named', async (_, text, fault) => {
    const path = join(directory, 'seed.yaml')
    await writeFile(path, text)
    const { exitCode, stderr } = await runProgram(
      ['lab', 'ec2', '--port', '0', '--seed', path],
      environmentFor(undefined),
    )
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`${path}:\n`)
    expect(stderr).toContain(fault)
  })

  test('that is not there is one of usage', async () => {
    const path = join(directory, 'none.yaml')
    const { exitCode, stderr } = await runProgram(
      ['lab', 'ec2', '--port', '0', '--seed', path],
      environmentFor(undefined),
    )
    expect(exitCode).toBe(2)
    expect(stderr).toContain('--seed: ENOENT')
  })
})

test('the example of the help works as it is, and its variables are those that the endpoint prints', async () => {
  const { stdout: help } = await runProgram(['lab', 'ec2', '--help'], environmentFor(undefined))
  const example = Array.from(help.matchAll(/^ {2}(vip-switch .*|export .*)$/gm), ([, line = '']) => line)
  expect(example).toHaveLength(3)
  const output = join(directory, 'output')
  const port = await freePort()
  const script = example.join('\n').replace(' &', ` > ${output} &`).replaceAll('4599', port)
  const PATH = [dirname(PROGRAM), process.env.PATH].join(delimiter)
  const { stdout } = await execa('sh', ['-c', `trap 'kill $!' EXIT\n${script}\ncat ${output}`], {
    env: { PATH, HOME: '/nonexistent', LOG_LEVEL: 'error' },
    extendEnv: false,
  })
  expect(stdout.match(/^ {2}10\.99\.0\.10\/32 +active +eni-\w+ +db-1 /gm)).toHaveLength(2)
  expect(stdout.split('\n')).toContain(example[1]?.replaceAll('4599', port))
})

test('what it says to do next works in another terminal', async () => {
  const lab = execa(PROGRAM, ['lab', 'ec2', '--port', '0'], {
    env: environmentFor(undefined),
    extendEnv: false,
    reject: false,
  })
  onTestFinished(() => void lab.kill())
  let printed = ''
  lab.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await expect.poll(() => printed).toContain('prefix list')
  const [, list = '', move = ''] = /^Next: .*\n {2}(.+)\n {2}(.+)\n\n/m.exec(printed) ?? []
  expect(list).toMatch(/vip-switch list$/)
  expect(move).toMatch(/vip-switch switch -r private-a -r private-c -v 10\.99\.0\.10\/32 --to db-2$/)
  const [variables] = /^export .*$/m.exec(printed) ?? []
  const PATH = [dirname(PROGRAM), process.env.PATH].join(delimiter)
  const { stdout } = await execa('sh', ['-ec', [variables, `${move} -f`, list].join('\n')], {
    env: { PATH, HOME: '/nonexistent' },
    extendEnv: false,
  })
  expect(stdout.match(/^ {2}10\.99\.0\.10\/32 +active +eni-\w+ +db-2 /gm)).toHaveLength(2)
})

test('what it listens on is printed, and an address to reach it by', async () => {
  const words = ['lab', 'ec2', '--host', '0.0.0.0', '--port', '0', '--metadata-host', '0.0.0.0', '--metadata-port', '0']
  const lab = execa(PROGRAM, words, { env: environmentFor(undefined), extendEnv: false })
  const lines: string[] = []
  for await (const line of lab) {
    lines.push(line)
    if (line.startsWith('export ')) lab.kill()
  }
  const [, port] = /^endpoint {2}http:\/\/0\.0\.0\.0:(\d+)$/m.exec(lines.join('\n')) ?? []
  expect(lines).toContainEqual(expect.stringMatching(/^metadata {2}http:\/\/0\.0\.0\.0:\d+$/))
  expect(lines).toContainEqual(expect.stringContaining(`AWS_ENDPOINT_URL=http://127.0.0.1:${port} `))
})

test('a port that is taken is told with what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const port = portOf(taken)
  const { exitCode, stderr } = await runProgram(['lab', 'ec2', '--port', port], environmentFor(undefined))
  taken.close()
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/EADDRINUSE[^\n]*\n {2}→ choose another with --port/),
  })
})

/** Not the example's own, which whoever runs the tests may be using. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return String(address.port)
}
