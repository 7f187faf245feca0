/** What `vip-switch doctor` prints. What is well comes first, dim and short; what is worst comes last, where the eye is. */
import { CHECKS, type Finding, GROUPS, type Mend, VERDICTS, type Verdict, worstOf } from '../../core/finding.ts'
import { pageHere } from '../../overview/conditions.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { type Style, styleOf } from '../../terminal/style.ts'
import { columnsOf, commandText, countText, shortened, widthOf, wrapped } from '../../terminal/table.ts'

/** What was examined, and from where. */
export type Report = {
  readonly cluster: string
  readonly region: string | undefined
  readonly node: { readonly eni: string | undefined; readonly label: string | undefined } | undefined
  readonly findings: readonly Finding[]
}

const PAGE = 'docs/doctor.md'
const GAP = '  '
const SAYS = ' says more of each'
const TITLE_WIDTH = Math.max(...Object.values(CHECKS).map(({ title }) => title.length))
/** Mark and title, before what was found. */
const FOUND_AT = 4 + TITLE_WIDTH + 2
const MARKS: Readonly<Record<Verdict, string>> = { ok: '✓', skipped: '–', unknown: '?', warn: '!', fail: '✗' }

/** @param width columns of the terminal */
export const reportText = forPeople((report: Report, width: number = widthOf(process.stdout)) => {
  const style = styleOf(process.stdout)
  const canvas = { style, width }
  const of = (verdict: Verdict) => report.findings.filter((finding) => finding.verdict === verdict)
  const problems = (['unknown', 'warn', 'fail'] as const).flatMap((verdict) => gathered(of(verdict)))
  const blocks = [
    headText(report, canvas),
    ...groupTexts(of('ok'), canvas),
    ...gathered(of('skipped')).map((line) => skippedText(line, canvas)),
    ...(problems.length > 0 ? ['', ...problems.map((line) => problemText(line, canvas))] : []),
    summaryText(report.findings, canvas),
  ]
  return blocks.join('\n')
})

type Canvas = { readonly style: Style; readonly width: number }

function headText({ cluster, region, node }: Report, { style, width }: Canvas): string {
  const own = node && [node.label, node.eni].filter((text, index, all) => text && all.indexOf(text) === index)
  const where = own ? `this node is ${own.join(', ') || 'not known'}` : 'this machine is no node'
  return wrapped([style.bold(cluster), region, where].filter(Boolean).join('  '), width)
}

function groupTexts(findings: readonly Finding[], { style, width }: Canvas): string[] {
  return GROUPS.flatMap((group) => {
    const own = gathered(findings.filter(({ check }) => CHECKS[check].group === group))
    if (own.length === 0) return []
    // What is well fills no more than a line.
    const lines = own.map(({ titles, verdict, text }) =>
      shortened(`  ${MARKS[verdict]} ${padded(titles)}  ${text}`, width),
    )
    return [`${group}\n${lines.map(style.dim).join('\n')}`]
  })
}

function skippedText({ titles, text }: Gathered, { style, width }: Canvas): string {
  return style.dim(wrapped(`${MARKS.skipped} ${text}: ${titles.join(', ')}`, width, 2))
}

function problemText({ titles, verdict, text, mend }: Gathered, { style, width }: Canvas): string {
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
    unknown: (count) => yellow(`${count} not known`),
    ok: (count) => green(`${count} ok`),
    skipped: (count) => dim(`${count} not looked at`),
  }
  const counted = VERDICTS.flatMap((verdict) => {
    const count = findings.filter((finding) => finding.verdict === verdict).length
    return count > 0 ? [words[verdict](count)] : []
  })
  const counts = counted.join(', ')
  if (worstOf(findings) === 'ok') return wrapped(`\n${bold(counts)}`, width)
  const room = width - columnsOf(counts) - GAP.length - SAYS.length
  const page = dim(`${pageHere(PAGE, room)}${SAYS}`)
  return `\n${wrapped(bold(counts), width)}${room < PAGE.length ? '\n' : GAP}${page}`
}

/** Findings of one line. */
type Gathered = {
  readonly titles: readonly string[]
  readonly verdict: Verdict
  readonly text: string
  readonly mend: Mend | undefined
}

/** What could not be looked at for one and the same reason is told once. */
function gathered(findings: readonly Finding[]): Gathered[] {
  const lines = new Map<string, Gathered>()
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

/** By the worst finding. What is not known counts as a warning does. */
export function exitCodeOfFindings(findings: readonly Finding[]): ExitCode {
  const codes = { ok: EXIT.done, unknown: EXIT.partial, warn: EXIT.partial, fail: EXIT.failed }
  return codes[worstOf(findings)]
}

/** The same, for programs. Shape 1; docs/doctor.md describes it. */
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
