/** Output of `vip-switch doctor`: passed checks first, dim and short; the worst last, where the eye rests. */
import { CHECKS, type Finding, GROUPS, type Mend, VERDICTS, type Verdict, worstOf } from '../../core/finding.ts'
import { pageHere } from '../../overview/conditions.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { columnsOf, commandText, countText, shortened, widthOf, wrapped } from '../../terminal/table.ts'

/** The examination's results, and where it ran. */
export type Report = {
  readonly cluster: string
  readonly region: string | undefined
  readonly node: { readonly eni: string | undefined; readonly label: string | undefined } | undefined
  readonly findings: readonly Finding[]
}

const PAGE = 'docs/doctor.md'
const GAP = '  '
const EXPLAINS = ' explains each'
const TITLE_WIDTH = Math.max(...Object.values(CHECKS).map(({ title }) => title.length))
/** Column of the finding, after mark and title. */
const FOUND_AT = 4 + TITLE_WIDTH + 2
const MARKS: Readonly<Record<Verdict, string>> = { ok: '✓', skipped: '–', unknown: '?', warn: '!', fail: '✗' }

/** @param width terminal columns */
export const reportText = forPeople((report: Report, width: number = widthOf(process.stdout)) => {
  const style = styleOf(process.stdout)
  const canvas = { style, width }
  const of = (verdict: Verdict) => report.findings.filter((finding) => finding.verdict === verdict)
  const problems = (['unknown', 'warn', 'fail'] as const).flatMap((verdict) => merged(of(verdict)))
  const blocks = [
    headText(report, canvas),
    ...groupTexts(of('ok'), canvas),
    ...merged(of('skipped')).map((line) => skippedText(line, canvas)),
    ...(problems.length > 0 ? ['', ...problems.map((line) => problemText(line, canvas))] : []),
    summaryText(report.findings, canvas),
  ]
  return blocks.join('\n')
})

type Canvas = { readonly style: Style; readonly width: number }

function headText({ cluster, region, node }: Report, { style, width }: Canvas): string {
  const own = node && [node.label, node.eni].filter((text, index, all) => text && all.indexOf(text) === index)
  const where = own ? `this node is ${own.join(', ') || 'unknown'}` : 'this machine is not a node'
  return wrapped([style.bold(cluster), region, where].filter(Boolean).join('  '), width)
}

function groupTexts(findings: readonly Finding[], { style, width }: Canvas): string[] {
  return GROUPS.flatMap((group) => {
    const own = merged(findings.filter(({ check }) => CHECKS[check].group === group))
    if (own.length === 0) return []
    // A passed check takes a single line.
    const lines = own.map(({ titles, verdict, text }) =>
      shortened(`  ${MARKS[verdict]} ${padded(titles)}  ${text}`, width),
    )
    return [`${group}\n${lines.map(style.dim).join('\n')}`]
  })
}

function skippedText({ titles, text }: MergedLine, { style, width }: Canvas): string {
  return style.dim(wrapped(`${MARKS.skipped} ${text}: ${titles.join(', ')}`, width, 2))
}

function problemText({ titles, verdict, text, mend }: MergedLine, { style, width }: Canvas): string {
  const { bold, red, yellow } = style
  const mark = (verdict === 'fail' ? red : yellow)(MARKS[verdict])
  const head =
    titles.length > 1
      ? wrapped(`  ${mark} ${text}: ${bold(titles.join(', '))}`, width)
      : wrapped(`  ${mark} ${bold(padded(titles))}  ${text}`, width, FOUND_AT)
  return mend ? `${head}\n${mendText(mend, { style, width })}` : head
}

function mendText(mend: Mend, { style, width }: Canvas): string {
  if ('advice' in mend) return wrapped(`    ${style.bold('→')} ${mend.advice}`, width, 6)
  return style.cyan(commandText(mend.command, width, 6))
}

function summaryText(findings: readonly Finding[], { style, width }: Canvas): string {
  const { bold, dim, green, red, yellow } = style
  const words: Readonly<Record<Verdict, (count: number) => string>> = {
    fail: (count) => red(countText(count, 'failure')),
    warn: (count) => yellow(countText(count, 'warning')),
    unknown: (count) => yellow(`${count} unknown`),
    ok: (count) => green(`${count} ok`),
    skipped: (count) => dim(`${count} skipped`),
  }
  const counted = VERDICTS.flatMap((verdict) => {
    const count = findings.filter((finding) => finding.verdict === verdict).length
    return count > 0 ? [words[verdict](count)] : []
  })
  const counts = counted.join(', ')
  if (worstOf(findings) === 'ok') return wrapped(`\n${bold(counts)}`, width)
  const room = width - columnsOf(counts) - GAP.length - EXPLAINS.length
  const page = dim(`${pageHere(PAGE, room)}${EXPLAINS}`)
  return `\n${wrapped(bold(counts), width)}${room < PAGE.length ? '\n' : GAP}${page}`
}

/** Findings that share a line. */
type MergedLine = {
  readonly titles: readonly string[]
  readonly verdict: Verdict
  readonly text: string
  readonly mend: Mend | undefined
}

/** Merges checks that could not run for the same reason. */
function merged(findings: readonly Finding[]): MergedLine[] {
  const lines = new Map<string, MergedLine>()
  for (const { check, subject, verdict, found, mend } of findings) {
    const { title } = CHECKS[check]
    const isBlind = verdict === 'unknown' || verdict === 'skipped'
    const key = isBlind ? `${verdict} ${found}` : `${lines.size}`
    const before = isBlind ? lines.get(key) : undefined
    if (before) {
      lines.set(key, { ...before, titles: [...new Set([...before.titles, title])] })
    } else lines.set(key, { titles: [title], verdict, text: subject ? `${subject}: ${found}` : found, mend })
  }
  return [...lines.values()]
}

function padded(titles: readonly string[]): string {
  return titles.join(', ').padEnd(TITLE_WIDTH)
}

/** The exit code of the worst finding; unknown counts as a warning. */
export function exitCodeOfFindings(findings: readonly Finding[]): ExitCode {
  const codes = { ok: EXIT.done, unknown: EXIT.partial, warn: EXIT.partial, fail: EXIT.failed }
  return codes[worstOf(findings)]
}

/** The same as JSON, version 1; see docs/doctor.md. */
export function reportJson({ cluster, region, node, findings }: Report): Printable {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length
  const told = findings.map(({ check, subject, verdict, found, mend }) => ({
    group: CHECKS[check].group,
    check,
    subject: subject ?? null,
    verdict,
    found,
    mend: mend ?? null,
  }))
  const document = {
    version: 1,
    cluster,
    region: region ?? null,
    node: node ? { eni: node.eni ?? null, name: node.label ?? null } : null,
    worst: worstOf(findings),
    counts: Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])),
    findings: told,
  }
  return asJson(document)
}
