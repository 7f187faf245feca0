/** `vip-switch list`: route tables, and the VIPs in them. */
import { listVips } from '../agent/listing.ts'
import { openRoutePort, type Wanted } from '../agent/route-port.ts'
import { factsOfTargets } from '../agent/targets.ts'
import { deadline, systemClock } from '../clock.ts'
import { loadConfigIfThere } from '../config/load.ts'
import { EXIT, type ExitCode } from '../output/exit.ts'
import { listJson, listText } from '../output/list.ts'
import { openLog } from '../output/log.ts'

export type ListOptions = { json?: true; config?: string }

const DEADLINE_MS = 60_000

/** @throws Failure */
export async function list({ json, config: path }: ListOptions): Promise<ExitCode> {
  const config = loadConfigIfThere(path)
  const log = await openLog()
  const wanted: Wanted = { permit: () => {}, signal: deadline(DEADLINE_MS), clock: systemClock, log }
  const { ec2, routes } = await openRoutePort(
    { region: config?.region, assumeRole: config?.assumeRole },
    { selectors: 'all', createMissing: false },
    wanted,
  )
  const tables = await routes.read()
  const listed = listVips(tables, config)
  const targets = listed.flatMap(({ routes }) => routes.flatMap(({ route }) => route?.target ?? []))
  const facts = await factsOfTargets(ec2, targets, wanted.signal, log)
  const text = json ? listJson(listed, facts, ec2.region, tables.length) : listText(listed, facts, tables.length)
  process.stdout.write(`${text}\n`)
  return EXIT.done
}
