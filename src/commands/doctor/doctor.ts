/** `vip-switch doctor`: checks for everything known to break a pair. */

import { callContextFor, openFor } from '../../agent/node/route-port.ts'
import { instanceOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath, stateDirectory } from '../../config/paths.ts'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../../core/finding.ts'
import { Failure } from '../../platform/errors.ts'
import { ask } from '../../terminal/ask.ts'
import type { ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { type Examination, examine } from './checks/all.ts'
import { fix, fixesOf, fixText } from './fix.ts'
import { exitCodeOfFindings, reportJson, reportText } from './output.ts'

export type DoctorOptions = {
  fix?: true
  force?: true
  json?: true
  config?: string
  region?: string
  stateDir?: string
  logFormat?: LogFormat
}

const LOOK_DEADLINE_MS = 15_000
const FIX_DEADLINE_MS = 15_000

/** @throws Failure of kind `usage` or `config` */
export async function doctor(name: string | undefined, options: DoctorOptions): Promise<ExitCode> {
  const path = configPath(options.config)
  const config = loadConfig(path, options.region)
  if (name !== undefined) instanceOf(config, name)
  const names = name === undefined ? Object.keys(config.instances) : [name]
  const log = openLog(options.logFormat)
  const place = { configPath: path, stateDirectory: stateDirectory(options.stateDir) }
  const examination = await examine(config, names, place, callContextFor(LOOK_DEADLINE_MS, log))

  const report = { cluster: config.cluster, ...examination }
  if (!options.json) print(reportText(report))
  const findings = options.fix
    ? await fixed(config, examination, options, () => callContextFor(FIX_DEADLINE_MS, log))
    : examination.findings
  if (options.json) print(reportJson({ ...report, findings }))
  else if (findings !== examination.findings) print(reportText({ ...report, findings }))
  return exitCodeOfFindings(findings)
}

/** Applies the safe fixes, after confirmation, and returns the updated findings. */
async function fixed(
  config: Config,
  { findings }: Examination,
  { force }: DoctorOptions,
  wanted: () => ReturnType<typeof callContextFor>,
): Promise<readonly Finding[]> {
  const fixes = fixesOf(findings)
  if (fixes.length === 0) return findings
  if (!force && !process.stdin.isTTY) {
    throw new Failure('usage', 'cannot ask for confirmation without a terminal; nothing was changed', {
      hint: 'use -f to skip confirmation',
    })
  }
  const ec2 = await openFor(config, wanted())
  const results = new Map<Finding, Finding>()
  for (const each of fixes) {
    if (force || (await ask(`${fixText(each)}?`))) results.set(each.finding, await fix(ec2, each, wanted()))
  }
  return results.size === 0 ? findings : findings.map((each) => results.get(each) ?? each)
}
