/** Checks the nodes: who they are, and whether each can carry a VIP. */

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
 * @param ownEni this node's interface; undefined if this machine is not a node
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
          mend: { advice: 'start the daemon there: it rewrites the claim' },
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
    const found = `cannot determine this node’s interface: ${ownEni.why}`
    return [finding('members', 'fail', found, { mend: setIt })]
  }
  if (members.some(({ isSelf }) => isSelf)) return []
  return [finding('members', 'fail', `this node’s interface, ${ownEni.value}, does not exist in EC2`, { mend: setIt })]
}

function voidFinding(
  { label, nic, published, doubts, instance }: Member,
  { cluster, witness }: Pick<Config, 'cluster' | 'witness'>,
  region: string,
): Finding {
  const why = instance?.known ? `its instance is ${instance.value.state}` : 'it is not attached to an instance'
  const keys = [...published, ...doubts.map(({ name }) => name)].map((name) => `Key=${claimKey(cluster, name)}`)
  const found = `${nic.eni} has a claim but carries no traffic: ${why}`
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
        mend: { advice: 'it expires within seven days' },
      })
  }
}

function loneFinding([only]: readonly Member[]): Finding {
  const who = only ? `only ${whoText(only)} is known` : 'no nodes are known'
  const found = `${who}: no other node has published a claim, and keepalived.conf lists no other that exists in EC2`
  return finding('members', 'warn', found, {
    mend: { advice: 'set up the other node: docs/installation.md, steps 4 to 7' },
  })
}

function whoText({ label, nic, vrrpAddress, isSelf }: Member): string {
  const where = [label === nic.eni ? undefined : nic.eni, vrrpAddress, isSelf ? 'this node' : undefined]
  return `${label} (${where.filter(Boolean).join(', ')})`
}

/** Whether a node survives the loss of one zone. */
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
      `${live.map(({ label }) => label).join(' and ')} are in ${zone}: its loss would take them all down`,
      {
        mend: { advice: 'move one of them to a subnet in another zone' },
      },
    ),
  ]
}

/** An interface whose check is on drops traffic for the VIP, which is not its own address. */
export function judgeSourceDestChecks({ members, region }: Cluster): readonly Finding[] {
  const live = members.filter(isLive)
  const checked = live.filter(({ nic }) => nic.sourceDestCheck)
  if (live.length === 0) return [finding('source-dest-check', 'skipped', 'no nodes are known')]
  if (checked.length === 0)
    return [finding('source-dest-check', 'ok', `off for ${live.map(({ nic }) => nic.eni).join(', ')}`)]
  return checked.map(({ label, nic: { eni } }) =>
    finding('source-dest-check', 'fail', `on for ${eni}: traffic for the VIP is dropped`, {
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

/** The metadata service, the source of a node's identity and credentials. */
export function judgeMetadata({ members, region }: Cluster): readonly Finding[] {
  const live = members.filter(isLive)
  const unread = live.find(({ instance }) => instance && !instance.known)?.instance
  if (unread && !unread.known) return [finding('imds', 'unknown', unread.why)]
  const findings = live.flatMap((member) => metadataFinding(member, region) ?? [])
  const good = findings.filter(({ verdict }) => verdict === 'ok')
  const [first] = good
  if (!first) return findings.length > 0 ? findings : [finding('imds', 'skipped', 'no nodes are known')]
  const told = good.map(({ subject, found }) => `${subject}: ${found}`).join(', ')
  return [{ ...first, subject: undefined, found: told }, ...findings.filter((each) => !good.includes(each))]
}

function metadataFinding({ label: subject, instance }: Member, region: string): Finding | undefined {
  if (!instance?.known) return undefined
  const { metadata, instance: id } = instance.value
  if (!metadata) return finding('imds', 'unknown', 'EC2 does not report its metadata options', { subject })
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
    return ['fail', 'disabled: the node has no identity and no credentials', ['--http-endpoint', 'enabled']]
  if (!needsToken) {
    const why = 'any software tricked into a GET there gets the role that moves the routes'
    return ['warn', `IMDSv1 is enabled: ${why}`, ['--http-tokens', 'required']]
  }
  return ['ok', hopLimit > 1 ? `IMDSv2, hop limit ${hopLimit}` : 'IMDSv2, hop limit 1 (2 for a container)']
}
