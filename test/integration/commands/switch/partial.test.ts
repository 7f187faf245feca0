/** Each route of a switch has its own life: what is not answered holds up neither the others nor what is told of them. */
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import type { Seed } from '../../../../src/lab/ec2/seed/seed.ts'
import { environmentFor, PROGRAM } from '../../../support/cli.ts'
import { endpoint, interceptWith, isWrite, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { A, B, ENI1, ENI2, run, seed, targetOf, VIP } from '../../../support/switching.ts'

const C = 'rtb-0000000000000000f'
/** As many as EC2's bucket lets through at once, and some more. */
const MANY_VIPS = Array.from({ length: 60 }, (_, index) => `10.99.1.${index}`)

startEndpointForEachTest(withMore(seed))

/** A third table, whose routes to all of these VIPs are db-1's. */
function withMore({ vpcs, ...rest }: Seed): Seed {
  const { lab } = vpcs
  if (!lab) throw new Error('the seed has no VPC "lab"')
  const routes = Object.fromEntries([VIP, ...MANY_VIPS.map((vip) => `${vip}/32`)].map((vip) => [vip, 'db-1']))
  const routeTables = { ...lab.routeTables, 'private-d': { id: C, routes } }
  return { ...rest, vpcs: { ...vpcs, lab: { ...lab, routeTables } } }
}

const never = () => new Promise<void>(() => {})

const TO_DB2 = ['-v', '10.99.0.10', '-I', 'db-2', '-f']
const THREE_TABLES = ['-r', A, '-r', B, '-r', C, ...TO_DB2]

/** Swallows every write to these tables. */
function swallowWrites(...tables: string[]): void {
  interceptWith(({ action, params }) =>
    isWrite(action) && tables.includes(params.RouteTableId ?? '') ? never() : undefined,
  )
}

const answered = () => writes().filter(({ status }) => status === 200).length

describe('a write that is never answered', () => {
  test('leaves the others confirmed, and the table true', async () => {
    swallowWrites(C)
    const { exitCode, stdout, stderr } = await run(...THREE_TABLES, '--deadline', '4s')
    expect([targetOf(A), targetOf(B), targetOf(C)]).toEqual([ENI2, ENI2, ENI1])
    expect(stdout).toMatch(/✓ +rtb-0000000000000000a .* replaced\n/)
    expect(stdout).toMatch(/✓ +rtb-0000000000000000b .* replaced\n/)
    expect(stdout).toMatch(/✗ +rtb-0000000000000000f .* failed: the deadline of 4 s has passed; .*\n2 done, 1 failed$/)
    expect(exitCode).toBe(3)
    // Told while it was waited for.
    expect(stderr).toContain(`2 of 3 accepted, 2 confirmed; not answered: ${VIP} in ${C}`)
  }, 20_000)

  test('and was carried out all the same, is done, and said to be so', async () => {
    interceptWith(({ action, params }) => {
      if (!isWrite(action) || params.RouteTableId !== C) return
      const route = endpoint.region.routeTables.get(C)?.routes.find(({ destination }) => destination.value === VIP)
      if (route) route.target = { field: 'networkInterfaceId', id: ENI2 }
      return never()
    })
    const { exitCode, stdout } = await run(...THREE_TABLES, '--deadline', '3s')
    expect(stdout).toMatch(/✓ +rtb-0000000000000000f .* in place, though the write failed: .*\n3 done$/)
    expect(exitCode).toBe(0)
  }, 20_000)
})

test('what was accepted and cannot be read back is unconfirmed; what was not accepted has failed', async () => {
  endpoint.region.deny.push({ action: 'ReplaceRoute', resource: B })
  interceptWith(({ action }) => (action === 'DescribeRouteTables' && answered() > 0 ? never() : undefined))
  const { exitCode, stdout } = await run('-r', A, '-r', B, ...TO_DB2, '--deadline', '3s', '--json')
  expect(JSON.parse(stdout).routes).toMatchObject([
    { table: A, result: 'unconfirmed', detail: 'accepted, but not read back: the deadline of 3 s has passed' },
    { table: B, result: 'failed', detail: expect.stringContaining('UnauthorizedOperation') },
  ])
  expect(exitCode).toBe(1)
}, 20_000)

test('what was accepted and not read back by then is looked at once more before the deadline', async () => {
  let looks = 0
  interceptWith(({ action }) => {
    if (action !== 'DescribeRouteTables' || answered() === 0) return
    looks += 1
    return looks === 1 ? never() : undefined
  })
  const { exitCode, stdout } = await run('-r', A, ...TO_DB2, '--deadline', '2s')
  expect(stdout).toMatch(/1 done$/)
  expect(exitCode).toBe(0)
  expect(looks).toBe(2)
}, 20_000)

test('of routes that wait for the token bucket, those that were moved are done, and the others not written', async () => {
  const vips = MANY_VIPS.flatMap((vip) => ['-v', vip])
  const words = ['-r', C, ...vips, '-I', 'db-2', '-f', '--deadline', '2500ms', '--json']
  const { exitCode, stdout, stderr } = await run(...words)
  for (const line of stderr.split('\n')) expect(line).toMatch(/^(\d+ of 60 accepted|ReplaceRoute: \d+ more wait|$)/)
  const { routes } = JSON.parse(stdout)
  const of = (result: string) => routes.filter((route: { result: string }) => route.result === result)
  const moved = MANY_VIPS.filter((vip) => targetOf(C, `${vip}/32`) === ENI2)
  expect(of('done').map(({ vip }: { vip: string }) => vip)).toEqual(moved.map((vip) => `${vip}/32`))
  expect(moved.length).toBeGreaterThanOrEqual(50)
  expect(moved.length).toBeLessThan(60)
  for (const { detail } of of('failed')) expect(detail).toBe('not written: the deadline of 2.5 s has passed')
  expect(of('failed')).toHaveLength(60 - moved.length)
  expect(exitCode).toBe(3)
}, 20_000)

describe('ended by a signal', () => {
  /** Runs a switch of three tables, and sends it the signal when this is so. */
  async function runAndEnd(signal: 'SIGINT' | 'SIGTERM', isTime: () => boolean) {
    const running = execa(PROGRAM, ['switch', ...THREE_TABLES], {
      env: environmentFor(endpoint, { VIP_SWITCH_CONFIG: undefined }),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
    await expect.poll(isTime, { timeout: 10_000, interval: 5 }).toBe(true)
    running.kill(signal)
    const { exitCode, stdout, stderr } = await running
    return { exitCode, stdout, stderr }
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('%s, it tells what it has done: partial', async (signal) => {
    swallowWrites(C)
    const isTime = () => answered() === 2 && writes().some(({ params }) => params.RouteTableId === C)
    const { exitCode, stdout, stderr } = await runAndEnd(signal, isTime)
    expect(stdout).toMatch(/✓ +rtb-0000000000000000a .* replaced\n✓ +rtb-0000000000000000b .* replaced\n/)
    expect(stdout).toMatch(
      new RegExp(`✗ .* failed: interrupted by ${signal}; .*ReplaceRoute.* not answered\n2 done, 1 failed$`),
    )
    expect(exitCode).toBe(3)
    expect(stderr).toBe(`vip-switch: warning: interrupted by ${signal}: checking what has moved`)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s before anything has moved, its exit code is %i', async (signal, code) => {
    swallowWrites(A, B, C)
    const { exitCode, stdout } = await runAndEnd(signal, () => writes().length === 3)
    expect(stdout).toMatch(/3 failed$/)
    expect(exitCode).toBe(code)
  })

  test('when everything has moved, and is only read back, it is done', async () => {
    interceptWith(({ action }) => (action === 'DescribeRouteTables' && answered() === 3 ? delay(500) : undefined))
    const { exitCode, stdout } = await runAndEnd('SIGINT', () => answered() === 3)
    expect(stdout).toMatch(/3 done$/)
    expect(exitCode).toBe(0)
  })
})

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
