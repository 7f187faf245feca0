/** `vip-switch config check` where EC2 can be asked which VPC the config is for. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { seed } from '../../../support/switching.ts'

startEndpointForEachTest(seed)

const INSIDE = `
cluster: db
instances:
  VI_1:
    vips: [10.99.0.10, 10.0.3.10]
    routeTables: [{ name: private-a }]
`

function check(text: string, ...flags: string[]) {
  const path = join(directory, 'config.yaml')
  writeFileSync(path, text)
  return runProgram(['config', 'check', ...flags, path], environmentFor(endpoint))
}

test('a VIP inside the VPC is an error, with its line', async () => {
  const { exitCode, stdout, stderr } = await check(INSIDE)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(
    "line 5: instances.VI_1.vips[1] is 10.0.3.10/32, inside the VPC's own 10.0.0.0/16, but must be an address outside every CIDR",
  )
})

test('so it is for programs', async () => {
  const { exitCode, stdout } = await check(INSIDE, '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: [{ line: 5, path: 'instances.VI_1.vips[1]', allowed: expect.stringContaining('outside every CIDR') }],
    unchecked: [],
  })
  expect(exitCode).toBe(2)
})

test('outside of it, all is well, and EC2 was asked once', async () => {
  const { exitCode, stdout, stderr } = await check(INSIDE.replace(', 10.0.3.10', ''))
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/manages VI_1 \(10\.99\.0\.10\/32 in private-a\)$/)
  expect(endpoint.requests.map(({ action }) => action)).toEqual(['DescribeRouteTables'])
})

test.each([
  [
    'may not be asked',
    INSIDE,
    () => void endpoint.region.deny.push({ action: 'DescribeRouteTables' }),
    'not authorized',
  ],
  ['does not answer', INSIDE, () => interceptWith(() => new Promise<void>(() => {})), 'DescribeRouteTables'],
  ['has no such table', INSIDE.replace('private-a', 'nowhere'), () => {}, 'no route table matches the name nowhere'],
])('where EC2 %s, the file is good, and it is said what was not checked', async (_, text, arrange, why) => {
  arrange()
  const { exitCode, stdout, stderr } = await check(text)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/^✓ .*\n {2}not checked: whether every VIP is outside the VPC \(/)
  expect(stdout).toContain(why)
  const json = await check(text, '--json')
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, problems: [], unchecked: [expect.stringContaining(why)] })
})

test('of a file that is wrong, EC2 is not asked', async () => {
  expect((await check(INSIDE.replace('vips', 'vipz'))).exitCode).toBe(2)
  expect(endpoint.requests).toEqual([])
})

test('a VIP that is a whole subnet is no error: EC2 takes such a route', async () => {
  expect((await check(INSIDE.replace('10.0.3.10', '10.0.1.0/24'))).exitCode).toBe(0)
})
