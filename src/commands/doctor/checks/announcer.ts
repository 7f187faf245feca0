/** keepalived.conf's settings for one entry of the config. */
import type { KeepalivedConf, SyncGroup, VrrpInstance } from '../../../adapters/keepalived/conf/conf.ts'
import type { Finding } from '../../../core/finding.ts'

export type Announcer = {
  readonly name: string
  readonly conf: KeepalivedConf
  /** The sync group, unless the name is that of an instance. */
  readonly group: SyncGroup | undefined
  /** The instance, or the group's members. */
  readonly instances: readonly VrrpInstance[]
}

/** Undefined if keepalived.conf has neither an instance nor a group of that name. */
export function announcerOf(conf: KeepalivedConf, name: string): Announcer | undefined {
  const instance = conf.instances.get(name)
  const group = instance ? undefined : conf.groups.get(name)
  if (!instance && !group) return undefined
  const instances = instance ? [instance] : (group?.members ?? []).flatMap((member) => conf.instances.get(member) ?? [])
  return { name, conf, group, instances }
}

/** Whatever is wrong or missing is unknown if part of keepalived.conf could not be parsed: it may say otherwise. */
export function underDoubt(doubts: KeepalivedConf['doubts'], findings: readonly Finding[]): readonly Finding[] {
  if (doubts.length === 0) return findings
  return findings.map((each) =>
    each.verdict === 'ok' || each.verdict === 'unknown'
      ? each
      : { ...each, verdict: 'unknown', found: `${each.found}, unless in ${unparsed(doubts)}` },
  )
}

export function unparsed(doubts: KeepalivedConf['doubts']): string {
  return `the part that could not be parsed: ${doubts.join('; ')}`
}
