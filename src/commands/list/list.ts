/** `vip-switch list`: shows route tables and their VIPs. */

import { problemsOf } from '../../adapters/ec2/operations/tables.ts'
import { nodesVpc } from '../../agent/node/nodes-vpc.ts'
import { callContextFor, openFor, routePort } from '../../agent/node/route-port.ts'
import { factsOfTargets } from '../../agent/node/targets.ts'
import { loadConfigIfThere } from '../../config/load.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { listVips } from './listing.ts'
import { listJson, listText } from './output.ts'

export type ListOptions = { json?: true; config?: string; region?: string; logFormat?: LogFormat }

const DEADLINE_MS = 10_000

/** @throws Failure */
export async function list({ json, config: path, region, logFormat }: ListOptions): Promise<ExitCode> {
  const config = loadConfigIfThere(path, region)
  const log = openLog(logFormat)
  const wanted = callContextFor(DEADLINE_MS, log)
  const ec2 = await openFor(config ?? { region, assumeRole: undefined }, wanted)
  const { tables } = await routePort(ec2, { selectors: 'all', createMissing: false }, wanted).read()
  const vpc = config && (await nodesVpc(ec2, config, tables, wanted))
  const listed = listVips(tables, config, vpc)
  const targets = listed.flatMap(({ routes }) => routes.flatMap(({ route }) => route?.target ?? []))
  const facts = await factsOfTargets(ec2, targets, wanted)
  print(json ? listJson(listed, facts, ec2.region, tables.length) : listText(listed, facts, tables.length))
  // A selector without a match fails the command, but does not hide the rest.
  const problems = Object.values(config?.instances ?? {}).flatMap(({ routeTables }) =>
    problemsOf(tables, routeTables, vpc),
  )
  for (const problem of new Set(problems)) log.error(problem)
  return problems.length > 0 ? EXIT.usage : EXIT.done
}
