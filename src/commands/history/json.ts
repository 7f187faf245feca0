/** Output of `vip-switch history --json`, version 1; see docs/json.md. */
import type { TargetFacts } from '../../core/route.ts'
import type { TimelineRow } from '../../history/timeline.ts'
import { asJson, type Printable } from '../../terminal/print.ts'

export function historyJson(rows: readonly TimelineRow[], facts: ReadonlyMap<string, TargetFacts>): Printable {
  const nodes = [...facts].flatMap(([eni, { instance, name, zone }]) =>
    eni.startsWith('eni-') ? [{ eni, instance: instance ?? null, name: name ?? null, zone: zone ?? null }] : [],
  )
  const entries = rows.map(({ entry: { at, ...rest }, lasted }) => ({
    at: timeText(at),
    ...rest,
    ...('until' in rest && { until: rest.until === null ? null : timeText(rest.until) }),
    lastedMs: lasted?.ms ?? null,
    isOver: lasted?.isOver ?? null,
  }))
  return asJson({ version: 1, nodes, entries })
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}
