/** Output of `vip-switch status --json`, version 1; see docs/json.md. */
import type { Detail } from '../../core/detail.ts'
import type { EniId } from '../../core/ids.ts'
import { namesIn } from '../../core/names.ts'
import type { InstanceOverview, Overview, Place } from '../../core/overview.ts'
import type { TargetFacts } from '../../core/route.ts'
import { targetText } from '../../core/route-target.ts'
import { destinationText } from '../../core/vip.ts'
import { nextStepOf, pageOf, stepText } from '../../overview/conditions.ts'
import { asJson, type Printable } from '../../terminal/print.ts'

export function statusJson(overview: Overview): Printable {
  const { cluster, region, date, readAge, control, daemon, here, details, instances, troubles, notes } = overview
  return asJson({
    version: 1,
    cluster: cluster ?? null,
    region: region ?? null,
    at: timeText(date),
    readAge: secondsOf(readAge),
    here: here ?? null,
    daemon: {
      state: daemon.kind,
      control,
      reason: daemon.kind === 'down' || daemon.kind === 'silent' ? daemon.reason : null,
      configRejected: daemon.kind === 'up' ? (daemon.rejected ?? null) : null,
      credentialRenewals: daemon.kind === 'up' ? daemon.credentialRenewals : null,
    },
    details: details.map(detailJson),
    troubles: troubles.map(({ message, hint }) => ({ message, hint: hint ?? null })),
    notes,
    instances: instances.map((instance) => instanceJson(instance, overview)),
  })
}

const STATES: Readonly<Record<Place, string>> = {
  'in-place': 'active',
  elsewhere: 'active',
  blackhole: 'blackhole',
  missing: 'missing',
  foreign: 'foreign',
}

function instanceJson(instance: InstanceOverview, overview: Overview) {
  const { name, condition, reason, routes, nodes, doubts, intended, pin, problems, details, daemon, lastTransition } =
    instance
  const { facts } = overview
  const step = nextStepOf(instance, intended && namesIn(overview)(intended), overview.region)
  return {
    name,
    condition,
    reason,
    nextStep: step ? stepText(step) : null,
    page: pageOf(condition) ?? null,
    problems,
    details: details.map(detailJson),
    owner: intended ? nodeJson(intended, facts.get(intended)) : null,
    pin: pin ? { eni: pin.eni, since: timeText(pin.since), until: timeText(pin.until) } : null,
    routes: routes.map(({ key, tableName, place, route }) => {
      const target = route && targetText(route.target)
      const { instance: id, name: called, zone } = (target && facts.get(target)) || {}
      return {
        vip: destinationText(key.vip),
        table: key.table,
        tableName: tableName ?? null,
        state: STATES[place],
        inPlace: place === 'in-place',
        target: target ?? null,
        instance: id ?? null,
        name: called ?? null,
        zone: zone ?? null,
      }
    }),
    nodes: nodes.map(({ eni, state, priority, since, liveness, isHere, published }) => ({
      ...nodeJson(eni, facts.get(eni)),
      state,
      priority: priority ?? null,
      since: since || null,
      liveness,
      here: isHere,
      published: published ?? state,
    })),
    doubts: doubts.map(({ eni, of, why }) => ({ ...nodeJson(eni, facts.get(eni)), of, why })),
    lastTransition: lastTransition
      ? {
          eni: lastTransition.eni,
          state: lastTransition.state,
          at: timeText(lastTransition.at),
          acceptedMs: lastTransition.acceptedMs ?? null,
        }
      : null,
    daemon: daemon
      ? {
          mute: daemon.mute,
          readAge: secondsOf(daemon.readAge),
          decision: daemon.decision ?? null,
          counters: daemon.counters,
        }
      : null,
  }
}

function detailJson({ kind, message, hint }: Detail) {
  return { kind, message, hint: hint ?? null }
}

function nodeJson(eni: EniId, facts: TargetFacts | undefined) {
  return { eni, instance: facts?.instance ?? null, name: facts?.name ?? null, zone: facts?.zone ?? null }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 1000)
}
