/** Checks keepalived on this host: installed, running, and recent enough. */
import { existsSync } from 'node:fs'
import { type KeepalivedConf, readKeepalivedConf } from '../../../adapters/keepalived/conf/conf.ts'
import { type ConfPlace, keepalivedVersion, placeOfConf } from '../../../adapters/keepalived/installation.ts'
import { type Found, findKeepalived } from '../../../adapters/keepalived/process.ts'
import { compareVersions } from '../../../adapters/keepalived/version.ts'
import { literally } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Fact, finding, ifKnown, learn } from './fact.ts'

/** The first version with notify_master_rx_lower_pri (its ChangeLog, July 2018). */
const OLDEST = [2, 0, 6]

export type Local = {
  readonly process: Found
  /** The version, if it is installed. */
  readonly version: Fact<readonly number[] | undefined>
  readonly place: ConfPlace
  /** The parsed file, if it exists. */
  readonly conf: Fact<KeepalivedConf | undefined>
}

export async function readLocal(pidFile: string): Promise<Local> {
  const found = findKeepalived(pidFile)
  const pid = found.kind === 'running' ? found.process.pid : undefined
  const place = placeOfConf(pid)
  const version = await learn(() => keepalivedVersion(pid))
  const reader = { configId: place.configId, version: ifKnown(version) }
  const conf = await learn(() => (existsSync(place.path) ? readKeepalivedConf(place.path, reader) : undefined))
  return { process: found, version, place, conf }
}

export function judgeKeepalived({ process: found, version }: Local): readonly Finding[] {
  if (!version.known) return [finding('keepalived', 'unknown', version.why)]
  if (!version.value) {
    const mend = { advice: `install keepalived ${OLDEST.join('.')} or newer` }
    return [finding('keepalived', 'fail', 'not installed: nothing elects a master', { mend })]
  }
  const text = version.value.join('.')
  if (compareVersions(version.value, OLDEST) < 0) {
    const found = `${text} is too old: it cannot report that a lower node acts as master (notify_master_rx_lower_pri)`
    return [finding('keepalived', 'fail', found, { mend: { advice: `install ${OLDEST.join('.')} or newer` } })]
  }
  switch (found.kind) {
    case 'running':
      return [finding('keepalived', 'ok', `${text}, process ${found.process.pid}`)]
    case 'not-running': {
      const mend = { command: literally('sudo systemctl enable --now keepalived') }
      return [finding('keepalived', 'fail', `${text} is not running: ${found.reason}`, { mend })]
    }
    case 'unknown':
      return [finding('keepalived', 'unknown', found.reason)]
  }
}
