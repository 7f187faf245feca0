import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { mackerelMeta, mackerelText } from '../../../../src/commands/metrics/mackerel.ts'
import { FAMILIES, measuresOf } from '../../../../src/commands/metrics/measures.ts'
import { prometheusText } from '../../../../src/commands/metrics/prometheus.ts'
import { BACKUP, COUNTERS, instance, node, overview, route } from '../../../support/overview.ts'

const DAEMON = { mute: true, readAge: 3200, decision: undefined, counters: { ...COUNTERS, heals: 3, hooksFailed: 2 } }
/** Of a node that is MASTER, whose daemon answers. */
const NODE = overview({
  daemon: { kind: 'up', rejected: undefined, credentialRenewals: 2 },
  instances: [
    instance({
      condition: 'DRIFT',
      routes: [route('private-a'), route('private-c', { place: 'blackhole' })],
      nodes: [node({ isHere: true }), BACKUP],
      daemon: DAEMON,
      details: [{ kind: 'external-writer', message: '', hint: undefined }],
    }),
  ],
})

const sampled = (...parts: Parameters<typeof measuresOf>) =>
  prometheusText(measuresOf(...parts), 'db')
    .split('\n')
    .filter((line) => !line.startsWith('#'))

describe('for Prometheus', () => {
  test('every family has its help and its type, once, above its samples', () => {
    const text = prometheusText(measuresOf(NODE), 'db')
    for (const [family, help] of Object.entries(FAMILIES)) {
      const type = family.endsWith('_total') ? 'counter' : 'gauge'
      expect(text).toContain(`# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${family}{`)
      expect(text.split(`# TYPE ${family} `)).toHaveLength(2)
    }
  })

  test('tells what is so', () => {
    const lines = sampled(NODE)
    expect(lines.filter((line) => /^vip_switch_condition.* 1$/.test(line))).toEqual([
      'vip_switch_condition{cluster="db",vrrp_instance="VI_1",condition="DRIFT"} 1',
    ])
    expect(lines).toEqual(
      expect.arrayContaining([
        'vip_switch_daemon_up{cluster="db"} 1',
        'vip_switch_config_rejected{cluster="db"} 0',
        'vip_switch_credential_renewals_total{cluster="db"} 2',
        'vip_switch_ec2_readable{cluster="db"} 1',
        'vip_switch_routes{cluster="db",vrrp_instance="VI_1",state="in-place"} 1',
        'vip_switch_routes{cluster="db",vrrp_instance="VI_1",state="blackhole"} 1',
        'vip_switch_routes{cluster="db",vrrp_instance="VI_1",state="foreign"} 0',
        'vip_switch_masters{cluster="db",vrrp_instance="VI_1"} 1',
        'vip_switch_is_master{cluster="db",vrrp_instance="VI_1"} 1',
        'vip_switch_pinned{cluster="db",vrrp_instance="VI_1"} 0',
        'vip_switch_mute{cluster="db",vrrp_instance="VI_1"} 1',
        'vip_switch_read_age_seconds{cluster="db",by="look"} 0',
        'vip_switch_read_age_seconds{cluster="db",vrrp_instance="VI_1",by="daemon"} 3',
        'vip_switch_detail{cluster="db",vrrp_instance="VI_1",detail="external-writer"} 1',
        'vip_switch_detail{cluster="db",vrrp_instance="VI_1",detail="source-dest-check"} 0',
        'vip_switch_detail{cluster="db",detail="state-not-saved"} 0',
        'vip_switch_heals_total{cluster="db",vrrp_instance="VI_1"} 3',
        'vip_switch_hooks_total{cluster="db",vrrp_instance="VI_1",result="failed"} 2',
      ]),
    )
  })

  test('escapes what an instance may be called', () => {
    const instances = [instance({ name: 'a"b\\c' })]
    expect(sampled(overview({ instances }))).toContain('vip_switch_masters{cluster="db",vrrp_instance="a\\"b\\\\c"} 1')
  })
})

describe('what is not known is missing', () => {
  const names = (...parts: Parameters<typeof measuresOf>) => new Set(measuresOf(...parts).map(({ family }) => family))

  test('without the daemon, its counters', () => {
    const families = names(overview())
    expect(families).toContain('vip_switch_routes')
    for (const family of Object.keys(FAMILIES)) if (family.endsWith('_total')) expect(families).not.toContain(family)
    expect(families).not.toContain('vip_switch_is_master')
    expect(families).not.toContain('vip_switch_mute')
    expect(sampled(overview()).filter((line) => line.startsWith('vip_switch_detail'))).toEqual([
      'vip_switch_detail{cluster="db",vrrp_instance="VI_1",detail="source-dest-check"} 0',
    ])
  })

  test('without EC2, routes and masters; the daemon’s figures are there', () => {
    const families = names({ ...NODE, troubles: [{ message: '', hint: undefined }] })
    for (const family of ['vip_switch_routes', 'vip_switch_masters', 'vip_switch_pinned'])
      expect(families).not.toContain(family)
    expect(families).toContain('vip_switch_heals_total')
    expect(families).toContain('vip_switch_is_master')
  })
})

test('a config that is wrong is one that is rejected, whether the daemon has tried it or not', () => {
  const rejected = 'vip_switch_config_rejected{cluster="db"} 1'
  expect(sampled(overview(), true)).toContain(rejected)
  expect(sampled(overview({ daemon: { kind: 'up', rejected: 'line 3', credentialRenewals: 0 } }))).toContain(rejected)
})

test('every counter of the daemon is measured', () => {
  const values = Object.keys(COUNTERS).map((key, index) => [key, 100 + index] as const)
  const counters = { ...COUNTERS, ...Object.fromEntries(values) }
  const measured = measuresOf(overview({ instances: [instance({ daemon: { ...DAEMON, counters } })] }))
  expect(measured.map(({ value }) => value)).toEqual(expect.arrayContaining(values.map(([, value]) => value)))
})

test('docs/monitoring.md has every family', () => {
  const docs = readFileSync(new URL('../../../../docs/monitoring.md', import.meta.url), 'utf8')
  const told = Array.from(docs.matchAll(/^\| `(vip_switch_\w+)/gm), ([, family]) => family)
  expect(told.sort()).toEqual(Object.keys(FAMILIES).sort())
})

describe('for Mackerel', () => {
  test('a line is a name, a value and seconds', () => {
    const instances = [instance({ name: 'VI 1.a' })]
    const lines = mackerelText(measuresOf(overview({ instances })), 1_700_000_000_999).split('\n')
    expect(lines).toContain('vip-switch.routes.VI_1_a.in-place\t2\t1700000000')
    expect(lines).toContain('vip-switch.host.daemon_up\t0\t1700000000')
    for (const line of lines) expect(line).toMatch(/^[-a-zA-Z0-9_.]+\t\d+\t\d+$/)
  })

  test('every line has its graph, and every graph its lines', () => {
    const metaSchema = z.object({
      graphs: z.record(
        z.string(),
        z.object({
          label: z.string(),
          unit: z.literal('integer'),
          metrics: z.array(z.object({ name: z.string(), label: z.string() })).min(1),
        }),
      ),
    })
    const [first, json = ''] = mackerelMeta().split('\n')
    expect(first).toBe('# mackerel-agent-plugin')
    const { graphs } = metaSchema.parse(JSON.parse(json))
    const defined = Object.entries(graphs).flatMap(([graph, { metrics }]) =>
      metrics.map(({ name }) => `${graph}.${name}`.replace('#', 'VI_1')),
    )
    const printed = mackerelText(measuresOf(NODE), 0)
      .split('\n')
      .map((line) => line.split('\t')[0])
    expect(defined.sort()).toEqual(printed.sort())
  })
})
