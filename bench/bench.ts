/** `npm run bench`: measures every figure quoted in docs and issues, and writes bench/RESULTS.md. */
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { table } from '../src/terminal/table.ts'
import { measureAccount } from './account.ts'
import { measureComparison } from './compare.ts'
import { measureDaemon } from './daemon.ts'
import { measureHook } from './hook.ts'
import { measureHttps } from './https.ts'
import { measureHundreds } from './hundreds.ts'
import { measureIdle } from './idle.ts'
import { measureLostZone } from './lost-zone.ts'
import { measureMany } from './many.ts'
import type { Part } from './measure.ts'
import { measurePrefixList } from './prefix-list.ts'
import { measureSplitBrain } from './split-brain.ts'

export type Bench = {
  /** The repository's root. */
  readonly root: string
  /** For temporary files. */
  readonly directory: string
  /** Parts to run; if empty, runs all and writes the results. */
  readonly words: readonly string[]
}

const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Part>>> = {
  hook: measureHook,
  daemon: measureDaemon,
  compare: measureComparison,
  https: measureHttps,
  hundreds: measureHundreds,
  'prefix-list': measurePrefixList,
  many: measureMany,
  'split-brain': measureSplitBrain,
  'lost-zone': measureLostZone,
  account: measureAccount,
  idle: measureIdle,
}

export async function bench(options: Bench): Promise<void> {
  const chosen = Object.entries(PARTS).filter(([name]) => options.words.length === 0 || options.words.includes(name))
  const parts: Part[] = []
  for (const [name, measure] of chosen) {
    process.stderr.write(`${name} …\n`)
    const part = await measure(options)
    parts.push(part)
    process.stdout.write(`\n${part.name}\n${table(part.rows.map(textOf), ['', 'TARGET', 'MEASURED', ''])}\n`)
    if (part.notes) process.stdout.write(`\n${part.notes.join('\n').trimEnd()}\n`)
  }
  if (options.words.length === 0) writeFileSync(join(options.root, 'bench/RESULTS.md'), results(parts))
}

const mark = (isMet: boolean | undefined) => (isMet === undefined ? '' : isMet ? '✓' : '✗ missed')

function textOf({ what, target, measured, isMet }: Part['rows'][number]): string[] {
  return [what, target, measured, mark(isMet)]
}

function results(parts: readonly Part[]): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  const sections = parts.map(({ name, rows, notes = [] }) => {
    const lines = rows.map((row) => `| ${textOf(row).join(' | ')} |`)
    return [
      `## ${name}`,
      '',
      '| what | target | measured | |',
      '| --- | --- | --- | --- |',
      ...lines,
      '',
      ...notes,
    ].join('\n')
  })
  return `# Results

Medians of one run of \`npm run bench\`, against the embedded EC2 endpoint on the same machine; ratios are within that run.

${machine}.

${sections.join('\n')}`
}
