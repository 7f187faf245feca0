/** The nodes: who they are, and what each must be to carry a VIP. */

import type { MetadataOptions } from '../../../adapters/ec2/operations/members.ts'
import { claimKey } from '../../../adapters/witness/tag.ts'
import type { Config } from '../../../config/schema.ts'
import { ec2Command } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import { type Cluster, isLive, type Member } from './cluster.ts'
import { type Fact, finding } from './fact.ts'

/**
 * Who the nodes are.
 * @param ownEni which interface is this node's; undefined: this machine is no node
 */
export function judgeMembers(
  { members, region }: Pick<Cluster, 'members' | 'region'>,
  config: Pick<Config, 'cluster' | 'witness'>,
  ownEni: Fact<EniId> | undefined,
): readonly Finding[] {
  const live = members.filter(isLive)
  const silent = live.filter(({ published, doubts }) => published.length === 0 && doubts.length === 0)
  const problems = [
    ...ownProblems(members, ownEni),
    ...members.filter((member) => !isLive(member)).map((member) => voidFinding(member, config, region)),
    ...silent.map((member) =>
      finding('members', 'warn', `${whoText(member)} has never published a claim`, {
        subject: member.label,
        mend: { advice: `start the daemon there: systemctl enable --now vip-switch` },
      }),
    ),
    ...members.flatMap(({ label, doubts }) =>
      doubts.map(({ name, text }) =>
        finding('members', 'warn', `${name}: ${text}`, {
          subject: label,
          mend: { advice: 'its daemon writes it again: start it there' },
        }),
      ),
    ),
    ...(live.length < 2 ? [loneFinding(live)] : []),
  ]
  return problems.length > 0 ? problems : [finding('members', 'ok', live.map(whoText).join(', '))]
}

function ownProblems(members: readonly Member[], ownEni: Fact<EniId> | undefined): Finding[] {
  if (!ownEni) return []
  const setIt = { advice: 'set interface or eni in the config' }
  if (!ownEni.known) {
    const found = `which interface is this node’s is not known: ${ownEni.why}`
    return [finding('members', 'fail', found, { mend: setIt })]
  }
  if (members.some(({ isSelf }) => isSelf)) return []
  return [finding('members', 'fail', `EC2 has no interface ${ownEni.value}, which is this node’s`, { mend: setIt })]
}

function voidFinding(
  { label, nic, published, doubts, instance }: Member,
  { cluster, witness }: Pick<Config, 'cluster' | 'witness'>,
  region: string,
): Finding {
  const why = instance?.known ? `its instance is ${instance.value.state}` : 'it is attached to no instance'
  const keys = [...published, ...doubts.map(({ name }) => name)].map((name) => `Key=${claimKey(cluster, name)}`)
  const found = `${nic.eni} carries a claim, and no traffic: ${why}`
  if (instance) {
    const mend = { command: ec2Command(['start-instances', '--instance-ids', nic.instance ?? '…'], region) }
    return finding('members', 'warn', found, { subject: label, mend })
  }
  switch (witness.type) {
    case 'ec2-tags': {
      const mend = { command: ec2Command(['delete-tags', '--resources', nic.eni, '--tags', ...keys], region) }
      return finding('members', 'warn', found, { subject: label, mend })
    }
    case 'dynamodb':
      return finding('members', 'warn', found, {
        subject: label,
        mend: { advice: 'it is forgotten within seven days' },
      })
  }
}

function loneFinding([only]: readonly Member[]): Finding {
  const who = only ? `only ${whoText(only)} is known` : 'no node is known'
  const found = `${who}: nobody else has published a claim, and keepalived.conf names no other that EC2 has`
  return finding('members', 'warn', found, { mend: { advice: 'set up the other node: README.md, steps 4 to 7' } })
}

function whoText({ label, nic, vrrpAddress, isSelf }: Member): string {
  const where = [label === nic.eni ? undefined : nic.eni, vrrpAddress, isSelf ? 'this node' : undefined]
  return `${label} (${where.filter(Boolean).join(', ')})`
}

/** Whether the loss of one zone leaves a node. */
export function judgeZones({ members }: Cluster): readonly Finding[] {
  const live = members.filter(isLive)
  if (live.length < 2) return [finding('zones', 'skipped', 'fewer than two nodes are known')]
  const zones = new Set(live.map(({ nic }) => nic.zone))
  const [zone] = zones
  if (zones.size > 1)
    return [finding('zones', 'ok', live.map(({ label, nic }) => `${label} in ${nic.zone}`).join(', '))]
  return [
    finding(
      'zones',
      'warn',
      `${live.map(({ label }) => label).join(' and ')} are in ${zone}: its loss takes them all`,
      {
        mend: { advice: 'put one of them into a subnet of another zone' },
      },
    ),
  ]
}

/** An interface whose check is on drops what is for the VIP, whose address it does not have. */
export function judgeSourceDestChecks({ members, region }: Cluster): readonly Finding[] {
  const live = members.filter(isLive)
  const checked = live.filter(({ nic }) => nic.sourceDestCheck)
  if (live.length === 0) return [finding('source-dest-check', 'skipped', 'no node is known')]
  if (checked.length === 0)
    return [finding('source-dest-check', 'ok', `off on ${live.map(({ nic }) => nic.eni).join(', ')}`)]
  return checked.map(({ label, nic: { eni } }) =>
    finding('source-dest-check', 'fail', `it is on, on ${eni}: what is for the VIP is dropped`, {
      subject: label,
      mend: {
        command: ec2Command(
          ['modify-network-interface-attribute', '--network-interface-id', eni, '--no-source-dest-check'],
          region,
        ),
      },
      fixes: eni,
    }),
  )
}

/** Where a node learns who it is, and has its credentials from. */
export function judgeMetadata({ members, region }: Cluster): readonly Finding[] {
  const live = members.filter(isLive)
  const unread = live.find(({ instance }) => instance && !instance.known)?.instance
  if (unread && !unread.known) return [finding('imds', 'unknown', unread.why)]
  const findings = live.flatMap((member) => metadataFinding(member, region) ?? [])
  const good = findings.filter(({ verdict }) => verdict === 'ok')
  const [first] = good
  if (!first) return findings.length > 0 ? findings : [finding('imds', 'skipped', 'no node is known')]
  const told = good.map(({ subject, found }) => `${subject}: ${found}`).join(', ')
  return [{ ...first, subject: undefined, found: told }, ...findings.filter((each) => !good.includes(each))]
}

function metadataFinding({ label: subject, instance }: Member, region: string): Finding | undefined {
  if (!instance?.known) return undefined
  const { metadata, instance: id } = instance.value
  if (!metadata) return finding('imds', 'unknown', 'EC2 does not tell how it may be asked', { subject })
  const [verdict, found, option = []] = metadataVerdict(metadata)
  const command = ec2Command(['modify-instance-metadata-options', '--instance-id', id, ...option], region)
  return finding('imds', verdict, found, { subject, ...(option.length > 0 && { mend: { command } }) })
}

function metadataVerdict({
  isEnabled,
  needsToken,
  hopLimit,
}: MetadataOptions): ['ok' | 'warn' | 'fail', string, string[]?] {
  if (!isEnabled)
    return ['fail', 'disabled: the node knows neither who it is, nor its credentials', ['--http-endpoint', 'enabled']]
  if (!needsToken) {
    const why = 'whatever can be tricked into a GET there has the role that moves the routes'
    return ['warn', `version 1 is answered, too: ${why}`, ['--http-tokens', 'required']]
  }
  return ['ok', hopLimit > 1 ? `IMDSv2, hop limit ${hopLimit}` : 'IMDSv2, hop limit 1 (2 for a container)']
}
