/** Metrics in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */

import { asIs, type Printable } from '../../terminal/print.ts'
import { FAMILIES, type Measure } from './measures.ts'

export function prometheusText(measures: readonly Measure[], cluster: string | undefined): Printable {
  const blocks = Object.entries(FAMILIES).map(([family, help]) => {
    const samples = measures.filter((measure) => measure.family === family)
    const type = family.endsWith('_total') ? 'counter' : 'gauge'
    const head = [`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`]
    return samples.length === 0 ? [] : [...head, ...samples.map((sample) => sampleText(sample, cluster))]
  })
  return asIs(blocks.flat().join('\n'))
}

// Not `instance`, which Prometheus uses for the scrape target.
function sampleText({ family, labels, instance, value }: Measure, cluster: string | undefined): string {
  const all = Object.entries({
    ...(cluster !== undefined && { cluster }),
    ...(instance !== undefined && { vrrp_instance: instance }),
    ...labels,
  })
  const text = all.map(([name, label]) => `${name}="${escaped(label)}"`).join(',')
  return `${family}${text ? `{${text}}` : ''} ${value}`
}

function escaped(label: string): string {
  return label.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
}
