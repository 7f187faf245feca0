import { writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, test, vi } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { createDaemon, inDirectory, statusOnSocket, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { claimBoth, lookOn } from '../../../support/onlooker.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const prometheus = (config: string, env: NodeJS.ProcessEnv = {}) =>
  runProgram(['metrics', '--format', 'prometheus', '--config', config], environmentFor(endpoint, env))

/** A daemon that has taken the routes. */
async function master(): Promise<string> {
  const config = writeDaemonConfig()
  await createDaemon(config).start()
  tellMaster()
  await vi.waitFor(async () => {
    expect((await statusOnSocket()).instances[0]?.decision?.condition).toBe('OK')
  }, 15_000)
  return config
}

describe('on a node', () => {
  test('prints what EC2 and the daemon tell', async () => {
    const { exitCode, stdout } = await prometheus(await master())
    expect(exitCode).toBe(0)
    expect(stdout).toContain('vip_switch_daemon_up{cluster="db"} 1')
    expect(stdout).toContain('vip_switch_is_master{cluster="db",vrrp_instance="VI_1"} 1')
    expect(stdout).toContain('vip_switch_routes{cluster="db",vrrp_instance="VI_1",state="in-place"} 2')
    expect(stdout).toMatch(/^vip_switch_route_writes_total\{.*result="accepted"\} 2$/m)
    expect(stdout).toMatch(/^vip_switch_transitions_total\{.*\} 1$/m)
  })

  test.skipIf(!requires('promtool'))('prints what Prometheus takes, without a remark', async () => {
    const { stdout } = await prometheus(await master())
    expect(stdout).toContain('vip_switch_hooks_total')
    const { all } = await execa('promtool', ['check', 'metrics'], { input: `${stdout}\n`, all: true })
    expect(all).toBe('')
  })

  test('prints what the daemon tells, where EC2 does not answer', async () => {
    const { exitCode, stdout } = await prometheus(await master(), { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('vip_switch_ec2_readable{cluster="db"} 0')
    expect(stdout).toMatch(/^vip_switch_condition\{.*condition="UNKNOWN"\} 1$/m)
    expect(stdout).toMatch(/^vip_switch_read_failures_total\{.*\} 0$/m)
    expect(stdout).not.toContain('vip_switch_routes{')
  })

  test('a config that is wrong is told of, and the daemon goes on telling', async () => {
    const config = await master()
    writeFileSync(config, `control: ${inDirectory('control.sock')}\ncluster: [\n`)
    const { exitCode, stdout } = await prometheus(config)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('vip_switch_config_rejected{cluster="db"} 1')
    expect(stdout).toContain('vip_switch_daemon_up{cluster="db"} 1')
    expect(stdout).toMatch(/^vip_switch_route_writes_total\{.*result="accepted"\} 2$/m)
  })

  test('the daemon’s counters outlast a reload of its config', async () => {
    const config = writeDaemonConfig()
    const daemon = createDaemon(config)
    await daemon.start()
    tellMaster()
    await vi.waitFor(async () => {
      expect((await statusOnSocket()).instances[0]?.counters.writesAccepted).toBe(2)
    }, 15_000)
    await daemon.reload()
    expect((await statusOnSocket()).instances[0]?.counters).toMatchObject({ transitions: 1, writesAccepted: 2 })
  })
})

describe('where no daemon is', () => {
  test('prints what EC2 tells', async () => {
    claimBoth()
    const { exitCode, stdout, stderr } = await lookOn(['metrics', '--format', 'mackerel'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const now = Math.floor(Date.now() / 1000)
    const values = new Map(
      stdout.split('\n').map((line) => [line.split('\t')[0], line.split('\t').slice(1).map(Number)]),
    )
    expect(values.get('vip-switch.host.daemon_up')?.[0]).toBe(0)
    expect(values.get('vip-switch.condition.VI_1.ok')?.[0]).toBe(1)
    expect(values.get('vip-switch.routes.VI_1.in-place')?.[0]).toBe(2)
    const [, seconds = 0] = values.get('vip-switch.node.VI_1.masters') ?? []
    expect(Math.abs(now - seconds)).toBeLessThan(60)
  })

  test('tells mackerel-agent of the graphs, and asks nobody', async () => {
    const { exitCode, stdout } = await lookOn(['metrics', '--format', 'mackerel'], { MACKEREL_AGENT_PLUGIN_META: '1' })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^# mackerel-agent-plugin\n\{"graphs":\{/)
    expect(endpoint.requests).toEqual([])
  })

  test('a config that is not there is a figure, too', async () => {
    const { exitCode, stdout } = await prometheus('/nonexistent.yaml')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^vip_switch_config_rejected 1$/m)
  })

  test('a format is needed', async () => {
    const { exitCode, stderr } = await lookOn(['metrics', '--format', 'graphite'])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Allowed choices are prometheus, mackerel')
  })
})
