/** Claims and pins that anyone may write: none ends a command, none moves a route, and each that is none is told. */
import fc from 'fast-check'
import { pino } from 'pino'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { callContextFor, openFor } from '../../../src/agent/node/route-port.ts'
import { checkLine } from '../../../src/commands/check/output.ts'
import { measuresOf } from '../../../src/commands/metrics/measures.ts'
import { decideOnce } from '../../../src/commands/reconcile/once.ts'
import { statusJson } from '../../../src/commands/status/json.ts'
import { statusText } from '../../../src/commands/status/output.ts'
import { readIntent } from '../../../src/commands/switch/pinning.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { createObserver } from '../../../src/overview/overview.ts'
import { systemClock } from '../../../src/platform/clock.ts'
import { environmentFor, logLines, type Run, runProgram } from '../../support/cli.ts'
import { createDaemon, statusOnSocket, tellMaster, writeDaemonConfig } from '../../support/daemon.ts'
import { endpoint, startEndpointForEachTest, writes } from '../../support/endpoint.ts'
import { silentLog } from '../../support/fixtures.ts'
import { both, eniOf, targets } from '../../support/node.ts'
import { claimBoth, lookOn } from '../../support/onlooker.ts'

startEndpointForEachTest()

const CLAIM = 'vip-switch:db:VI_1'
const PIN = 'vip-switch-pin:db:VI_1'
const WHY = 'its since is "garbage", not a timestamp such as 2026-11-23T01:02:03Z'
const GARBAGE = 'MASTER prio=200 addr=10.0.2.12 since=garbage beat=2026-11-23T01:02:03Z'

function setTag(node: string, key: string, value: string): void {
  const id = eniOf(node)
  endpoint.region.tags.set(id, new Map(endpoint.region.tags.get(id)).set(key, value))
}

beforeEach(claimBoth)

describe('a claim that cannot be understood', () => {
  beforeEach(() => setTag('db-2', CLAIM, GARBAGE))

  test('is shown beside its node, and why, and makes no master', async () => {
    const { exitCode, stdout } = await lookOn(['status'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('VI_1  OK\n')
    expect(stdout).toContain(`  the claim of db-2 is invalid: ${WHY}\n`)
    expect(stdout).toMatch(new RegExp(`^ {2}db-2 +\\? .*${eniOf('db-2')} +invalid claim$`, 'm'))
  })

  test('is told to programs, and to monitoring', async () => {
    const { stdout } = await lookOn(['status', '--json'])
    expect(JSON.parse(stdout).instances[0].doubts).toEqual([
      expect.objectContaining({ eni: eniOf('db-2'), name: 'db-2', of: 'claim', why: WHY }),
    ])
    const check = await lookOn(['check'])
    expect(check.exitCode).toBe(1)
    expect(check.stdout).toContain(`VI_1: the claim of db-2 is invalid: ${WHY.replaceAll(/\s+/g, ' ')}`)
  })

  test('is told by whoever decides by claims', async () => {
    const warning = `the claim of ${eniOf('db-2')} is invalid: ${WHY}`
    const told = (run: Run) => logLines(run).map(({ msg }) => msg)
    const env = environmentFor(endpoint)
    const once = await runProgram(['reconcile', '--once', '--log-format', 'json', '--config', writeDaemonConfig()], env)
    expect(once.exitCode).toBe(0)
    expect(told(once)).toContain(`VI_1: ${warning}`)
    const moved = await runProgram(
      ['switch', 'VI_1', '--to', 'db-2', '--dry-run', '--config', writeDaemonConfig()],
      env,
    )
    expect(moved.exitCode).toBe(0)
    expect(moved.stderr.replaceAll(/\s+/g, ' ')).toContain(
      `the claim of ${eniOf('db-2')} is invalid: ${WHY.replaceAll(/\s+/g, ' ')}`,
    )
    const { stdout } = await runProgram(['doctor', '--config', writeDaemonConfig()], env)
    expect(stdout).toContain(`VI_1: ${warning}`)
    expect(stdout).not.toContain('has never published a claim')
  })

  test('is told once by a daemon, which goes on', async () => {
    const lines: { msg: string }[] = []
    const daemon = createDaemon(
      writeDaemonConfig({ interval: '1s' }),
      pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    )
    await daemon.start()
    tellMaster()
    const said = () => lines.filter(({ msg }) => msg.includes('is invalid'))
    await expect.poll(async () => (await statusOnSocket()).instances[0]?.decision?.condition).toBe('OK')
    const reads = () => endpoint.requests.filter(({ action }) => action === 'DescribeRouteTables').length
    const before = reads()
    await expect.poll(reads).toBeGreaterThan(before + 1)
    expect(said().map(({ msg }) => msg)).toEqual([`the claim of ${eniOf('db-2')} is invalid: ${WHY}`])
    setTag('db-2', CLAIM, 'nothing')
    await expect.poll(() => said().length).toBe(2)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })
})

test('a node’s own claim that somebody has spoilt is written again', async () => {
  const daemon = createDaemon(writeDaemonConfig({ interval: '1s' }))
  await daemon.start()
  tellMaster()
  const own = () => endpoint.region.tags.get(eniOf('db-1'))?.get(CLAIM)
  await expect.poll(own).toMatch(/^MASTER prio=150 addr=10\.0\.1\.11 since=(?!2026-11-23T01:02:03)/)
  setTag('db-1', CLAIM, GARBAGE)
  await expect.poll(own).toMatch(/^MASTER prio=150 addr=10\.0\.1\.11 /)
})

test('a pin that cannot be understood is told, holds nothing, and is taken away by unpin', async () => {
  setTag('db-2', PIN, 'since=now until=later')
  const { stdout } = await lookOn(['status'])
  expect(stdout).toContain('VI_1  OK\n')
  expect(stdout).toContain('the pin of db-2 is invalid: its since is "now", not a timestamp')
  const unpinned = await lookOn(['unpin', 'VI_1'])
  expect(unpinned.stdout).toBe(`VI_1 is no longer pinned to db-2 (${eniOf('db-2')})`)
  expect(endpoint.region.tags.get(eniOf('db-2'))?.has(PIN)).toBe(false)
})

describe('whatever is written', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('MASTER', '255', '1e2', '0x64', '0x0a4d000c', '::', '10.0.2.12', 'garbage', '9999-12-31T23:59:59Z'),
  )
  const claims = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 256 }),
    fc
      .tuple(word, word, word, word, word)
      .map(([state, prio, addr, since, beat]) => `${state} prio=${prio} addr=${addr} since=${since} beat=${beat}`),
    // All is well but one word.
    fc.tuple(fc.constantFrom('prio', 'addr', 'since', 'beat'), word).map(([key, text]) => {
      const words = { prio: '200', addr: '10.0.2.12', since: '2026-11-23T01:02:03Z', beat: '2026-11-23T01:02:03Z' }
      return ['MASTER', ...Object.entries({ ...words, [key]: text }).map((entry) => entry.join('='))].join(' ')
    }),
  )
  const pins = fc.oneof(
    word,
    fc.tuple(word, word).map(([since, until]) => `since=${since} until=${until}`),
  )

  test('every command that reads claims says how things stand, and moves nothing', async () => {
    for (const [name, value] of Object.entries(environmentFor(endpoint))) vi.stubEnv(name, value)
    const config = loadConfig(writeDaemonConfig())
    const wanted = () => callContextFor(10_000, silentLog)
    const ec2 = await openFor(config, wanted())
    await fc.assert(
      fc.asyncProperty(claims, pins, async (claimed, pinned) => {
        setTag('db-2', CLAIM, claimed)
        setTag('db-2', PIN, pinned)
        const overview = await createObserver(config, ['VI_1'], systemClock, 2000).look(wanted())
        expect(overview.troubles).toEqual([])
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
        expect(statusText(overview, 80)).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
        expect(JSON.parse(statusJson(overview)).instances).toHaveLength(1)
        expect(checkLine(overview, true).text.split('\n')).toHaveLength(1)
        measuresOf(overview)
        await decideOnce(config, wanted())
        await readIntent(ec2, config, 'VI_1', wanted())
      }),
      { numRuns: 60 },
    )
    vi.unstubAllEnvs()
    expect(writes()).toEqual([])
  })

  test('a daemon reads on, and keeps its routes', async () => {
    const daemon = createDaemon(writeDaemonConfig({ interval: '1s' }))
    await daemon.start()
    tellMaster()
    await expect.poll(async () => (await statusOnSocket()).instances[0]?.decision?.condition).toBe('OK')
    for (const value of fc.sample(claims, 3)) {
      // No claim that is sound and higher: that one would be believed.
      setTag('db-2', CLAIM, value.replace('MASTER', 'MASTER?'))
      const before = endpoint.requests.length
      await expect
        .poll(() => endpoint.requests.slice(before).some(({ action }) => action === 'DescribeRouteTables'))
        .toBe(true)
    }
    const [instance] = (await statusOnSocket()).instances
    expect(instance?.counters.readsFailed).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-1')))
  })
})
