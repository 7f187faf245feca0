import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { setInstanceState } from '../../../../src/lab/ec2/changes.ts'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import {
  createDaemon,
  inDirectory,
  statusOnSocket,
  tell,
  tellMaster,
  writeDaemonConfig,
} from '../../../support/daemon.ts'
import { endpoint, interceptWith, startEndpointForEachTest, writes } from '../../../support/endpoint.ts'
import { gate } from '../../../support/fixtures.ts'
import { eniOf, idOf } from '../../../support/node.ts'
import { claim, claimBoth, lookOn, MAKING, writeOnlookerConfig } from '../../../support/onlooker.ts'

startEndpointForEachTest()

const look = (...values: string[]) => lookOn(['status', ...values])

/** What is said of each condition besides the word. */
const SAID: Readonly<Record<string, RegExp>> = {
  OK: /the routes belong to db-1, MASTER 150; all 2 routes are in place/,
  DRIFT: /active +db-2 .* belongs to db-1/,
  'SPLIT-BRAIN': /→ allow IP protocol 112/,
  BLACKHOLE: /→ .*vip-switch switch VI_1 --to db-2\n.*blackhole +db-1 .* belongs to db-2/s,
  'NO-MASTER': /nobody claims to be MASTER/,
  PINNED: /pinned to db-2 until .*, (29 min 5\d s|30 min) from now\n.*→ .*vip-switch unpin VI_1/s,
  FOREIGN: /private-a +foreign +nat-00000000000000001 \(NAT gateway\)\n.*private-c +active/s,
}

describe('from a laptop', () => {
  test.each(Object.entries(SAID))('%s', async (word, said) => {
    MAKING[word]?.()
    const { exitCode, stdout, stderr } = await look()
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain(`\nVI_1  ${word}\n`)
    expect(stdout).toMatch(said)
    expect(stdout).toContain('outside view')
    if (word === 'OK') expect(stdout).not.toContain('docs/conditions')
    else expect(stdout).toContain(`docs/conditions/${word.toLowerCase()}.md`)
    expect(writes()).toEqual([])
  })

  test('a master whose instance does not run is none', async () => {
    claim('db-1', 'MASTER', 150)
    claim('db-2', 'MASTER', 200)
    setInstanceState(endpoint.region, idOf('db-2', 'i-'), 'stopped')
    const { stdout } = await look()
    expect(stdout).toContain('VI_1  OK')
    expect(stdout).toMatch(/^ {2}db-2 +MASTER 200 .* carries no traffic$/m)
  })

  test('a pin that has ended is told of', async () => {
    claimBoth()
    const tags = endpoint.region.tags.get(eniOf('db-2'))
    tags?.set('vip-switch-pin:db:VI_1', 'since=2026-01-01T00:00:00Z until=2026-01-01T01:00:00Z')
    expect((await look()).stdout).toMatch(/VI_1 {2}OK\n.*the pin on db-2 has ended/)
  })

  test('without the right to see instances, nothing but names is missing', async () => {
    claimBoth()
    endpoint.region.deny.push({ action: 'DescribeInstances' })
    const { exitCode, stdout } = await look()
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      'cannot show names and zones: reading instances in ap-northeast-1 (DescribeInstances): EC2 answered UnauthorizedOperation',
    )
    expect(stdout).toMatch(new RegExp(`^ {2}${eniOf('db-1')} +MASTER 150 .* owner$`, 'm'))
  })

  test('without the right to see claims, the routes are shown, and the word is UNKNOWN', async () => {
    claimBoth()
    endpoint.region.deny.push({ action: 'DescribeNetworkInterfaces' })
    const { exitCode, stdout } = await look()
    expect(exitCode).toBe(1)
    expect(stdout).toContain('VI_1  UNKNOWN')
    expect(stdout).toMatch(
      /EC2 cannot be read:\n {2}reading claims in ap-northeast-1 \(DescribeNetworkInterfaces\): EC2 answered UnauthorizedOperation \(request /,
    )
    expect(stdout).toMatch(new RegExp(`private-a +active +${eniOf('db-1')}$`, 'm'))
  })

  test('a table that is not there is named, and is an error', async () => {
    claimBoth()
    const config = writeOnlookerConfig(['private-a', 'gone'])
    const { exitCode, stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint))
    expect(exitCode).toBe(2)
    expect(stdout).toContain('VI_1  OK')
    expect(stdout).toContain('no route table matches the name gone')
    const none = await runProgram(['status', '-c', writeOnlookerConfig(['gone'])], environmentFor(endpoint))
    expect(none.stdout).toMatch(
      /VI_1 {2}UNKNOWN\n {2}no route table matches the name gone\n {2}→ correct routeTables of VI_1 in the config/,
    )
  })

  test('shows one instance alone, and refuses one that is not there', async () => {
    expect((await look('VI_1')).stdout).toContain('VI_1  NO-MASTER')
    const { exitCode, stderr } = await look('VI_2')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('the config has VI_1')
  })
})

describe('EC2 that does not answer', () => {
  const down = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }

  test('is UNKNOWN, with what failed and what to do', async () => {
    const { exitCode, stdout } = await lookOn(['status'], down)
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(
      /EC2 cannot be read:\n.*reading route tables in ap-northeast-1 \(DescribeRouteTables\): ECONNREFUSED.*→ nothing listens there: check AWS_ENDPOINT_URL/s,
    )
    expect(stdout).toContain('VI_1  UNKNOWN')
  })

  test('leaves what the daemon knows', async () => {
    const config = writeDaemonConfig()
    await createDaemon(config).start()
    tellMaster()
    await vi.waitFor(async () => {
      expect((await statusOnSocket()).instances[0]?.decision?.condition).toBe('OK')
    }, 15_000)
    const { exitCode, stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint, down))
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`VI_1  UNKNOWN\n  the daemon here saw OK at its last read: we are MASTER 150`)
    expect(stdout).toMatch(new RegExp(`^ {2}${eniOf('db-1')} +MASTER 150 `, 'm'))
  })
})

describe('on a node', () => {
  test('says what the daemon says, which knows who is alive', async () => {
    claim('db-2', 'MASTER', 200)
    const config = writeDaemonConfig()
    await createDaemon(config).start()
    tellMaster()
    await vi.waitFor(async () => {
      expect((await statusOnSocket()).instances[0]?.decision?.condition).toBe('SPLIT-BRAIN')
    }, 15_000)
    const { stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint))
    expect(stdout).toMatch(/^db {2}ap-northeast-1 {2}.*Z {2}on db-1, daemon up$/m)
    expect(stdout).toMatch(/VI_1 {2}SPLIT-BRAIN\n {2}the daemon here: db-2, MASTER 200, is not known to be alive/)
    expect(stdout).toMatch(/^ {2}db-2 +MASTER 200 .* owner, alive\?$/m)
  })

  test('says NO-MASTER where the only MASTER is silent while the routes are elsewhere', async () => {
    claim('db-2', 'MASTER', 200)
    const config = writeDaemonConfig({ interval: '1s' })
    await createDaemon(config).start()
    tell('STOP')
    const told = async () => (await statusOnSocket()).instances[0]?.decision?.condition
    await vi.waitFor(async () => expect(await told()).toBe('DRIFT'), 10_000)
    await vi.waitFor(async () => expect(await told()).toBe('NO-MASTER'), 15_000)
    const run = (command: string) => runProgram([command, '-c', config], environmentFor(endpoint))
    const status = await run('status')
    expect(status.stdout).toContain('VI_1  NO-MASTER\n')
    expect(status.stdout.replace(/\s+/g, ' ')).toContain(
      'nobody who shows life claims to be MASTER: db-2, MASTER 200, is silent',
    )
    const check = await run('check')
    expect(check.exitCode).toBe(2)
    expect(check.stdout).toContain('NO-MASTER')
  }, 40_000)

  test('says SWITCHING while its daemon is', async () => {
    const config = writeDaemonConfig()
    await createDaemon(config).start()
    const { opened, open } = gate()
    interceptWith(({ action }) => (action === 'ReplaceRoute' ? opened : undefined))
    tellMaster()
    await vi.waitFor(() => expect(endpoint.requests.some(({ action }) => action === 'ReplaceRoute')).toBe(true), 5000)
    const { stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint))
    open()
    expect(stdout).toMatch(/VI_1 {2}SWITCHING\n {2}the daemon here: we (are|have become) MASTER/)
  })

  test('tells of a daemon that is mute', async () => {
    endpoint.region.deny.push({ action: 'CreateTags' })
    const config = writeDaemonConfig()
    await createDaemon(config).start()
    tellMaster()
    await vi.waitFor(async () => expect((await statusOnSocket()).instances[0]?.mute).toBe(true), 15_000)
    const { stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint))
    expect(stdout).toContain('this node is mute')
    expect(stdout).toMatch(/^ {2}db-1 +MASTER 150 .* not published$/m)
  })

  test('tells of a config that the daemon has rejected', async () => {
    const config = writeDaemonConfig()
    const daemon = createDaemon(config)
    await daemon.start()
    writeFileSync(config, 'cluster: [')
    await daemon.reload()
    const { stdout } = await runProgram(['status', '-c', writeDaemonConfig()], environmentFor(endpoint))
    expect(stdout).toMatch(/the daemon keeps its old config: .*, line \d+: /)
  })

  test('says that its daemon is down, and looks by itself', async () => {
    claimBoth()
    const { exitCode, stdout } = await runProgram(['status', '-c', writeDaemonConfig()], environmentFor(endpoint))
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      `no daemon answers on ${inDirectory('control.sock')} (no such socket): systemctl status vip-switch`,
    )
    expect(stdout).toMatch(/^db .* on db-1$/m)
    expect(stdout).toContain('keepalived’s state on this host is unknown')
    expect(stdout).toContain('VI_1  OK')
  })

  test('where keepalived has ended, believes that, and not the tag', async () => {
    claimBoth()
    const config = writeDaemonConfig()
    // The process of this test is no keepalived.
    writeFileSync(inDirectory('keepalived.pid'), String(process.pid))
    const { stdout } = await runProgram(['status', '-c', config], environmentFor(endpoint))
    expect(stdout).toContain('VI_1  NO-MASTER')
    expect(stdout).toMatch(/^ {2}db-1 +STOP .* published as MASTER$/m)
    rmSync(inDirectory('keepalived.pid'))
  })
})
