/** The doctor: checks for everything known to break a pair; read-only. */
import { existsSync } from 'node:fs'
import { type Ec2, openEc2 } from '../../../adapters/ec2/client.ts'
import { watchEndpoint } from '../../../adapters/ec2/endpoint.ts'
import { ignoredSettings } from '../../../adapters/ec2/ignored-settings.ts'
import { eniOfThisInstance, Metadata } from '../../../adapters/ec2/instance-metadata.ts'
import { askStatus, type DaemonAnswer } from '../../../agent/control/status.ts'
import type { CallContext } from '../../../agent/node/route-port.ts'
import type { Config } from '../../../config/schema.ts'
import { CHECKS, type Check, type Finding } from '../../../core/finding.ts'
import type { EniId } from '../../../core/ids.ts'
import { deadline } from '../../../platform/clock.ts'
import { announcerOf } from './announcer.ts'
import { judgeSettings } from './aws-settings.ts'
import { type Cluster, isLive, readCluster } from './cluster.ts'
import { contact, judgeContact } from './credentials.ts'
import { type Fact, finding, ifKnown, known, learn, retryQuietly, unknown } from './fact.ts'
import { type Local, readLocal } from './keepalived.ts'
import { examineNetwork, managedIn, readMatched } from './network.ts'
import { examineNode, type Place } from './node.ts'

export type Examination = {
  readonly region: string | undefined
  /** This node, if this machine is one. */
  readonly node: { readonly eni: EniId | undefined; readonly label: string | undefined } | undefined
  /** In the order of CHECKS. */
  readonly findings: readonly Finding[]
}

/** Why host checks are skipped elsewhere. */
const NO_NODE = 'not checked: this machine is not a node'
/** Time limit for IMDS: it may be slow on a busy host, but outside EC2, a person waits for the timeout. */
const IMDS_PATIENCE_MS = 2500
/** With this many other nodes that have published claims, the pair is complete and this machine is a bastion. */
const PAIR = 2

/** @param names the VRRP instances of the config to check */
export async function examine(
  config: Config,
  names: readonly string[],
  place: Place,
  context: CallContext,
): Promise<Examination> {
  const { region, assumeRole } = config
  const [here, ec2, ignored] = await Promise.all([
    lookHere(config, names, context),
    learn(() => openEc2({ region, assumeRole, clock: context.clock, onWait: () => {} })),
    ignoredSettings(),
  ])
  const contacted = ec2.known ? await contact(ec2.value, context) : ec2
  const rest = ec2.known && contacted.known ? await look(ec2.value, config, names, here, context) : withoutEc2(here)
  const { cluster, isNode } = rest
  const node = { eni: ifKnown(here.eni), label: ifKnown(cluster)?.members.find(({ isSelf }) => isSelf)?.label }
  const ofNode = isNode
    ? await examineNode({ config, names, ...here, cluster: ifKnown(cluster), place })
    : checksOf(['keepalived', 'host'])
        .filter((check) => check !== 'transition-hooks' || names.some((name) => config.instances[name]?.hooks))
        .map((check) => finding(check, 'skipped', NO_NODE))
  return {
    region: ifKnown(ec2)?.region,
    node: isNode ? node : undefined,
    findings: inOrder([...judgeContact(contacted), ...judgeSettings(ignored), ...rest.findings, ...ofNode]),
  }
}

/** What is known locally. */
type Here = {
  readonly eni: Fact<EniId>
  readonly isInstance: boolean
  readonly local: Local
  readonly daemon: DaemonAnswer
  /** Whether there is a daemon, the config's keepalived, or a keepalived.conf with one of the config's names. */
  readonly hasTraces: boolean
  /** unicast_peer addresses. */
  readonly peers: readonly string[]
}

async function lookHere(config: Config, names: readonly string[], context: CallContext): Promise<Here> {
  const metadata = new Metadata()
  const askImds = <Value>(ask: () => Promise<Value>) =>
    learn(() => {
      const patience = { ...context, attended: false, signal: deadline(IMDS_PATIENCE_MS) }
      return retryQuietly(ask, patience, (error) => error.code !== 'TimeoutError')
    })
  const [eni, instance, local, daemon] = await Promise.all([
    config.eni ? known(config.eni) : askImds(() => eniOfThisInstance(config.interface, metadata)),
    askImds(() => metadata.get('instance-id')),
    readLocal(config.keepalived.pidFile),
    askStatus(config.control),
  ])
  const file = ifKnown(local.conf)
  const announcers = names.flatMap((name) => (file && announcerOf(file, name)) ?? [])
  const isServed = daemon.kind !== 'down' || existsSync(config.control)
  return {
    eni,
    isInstance: instance.known,
    local,
    daemon,
    hasTraces: isServed || local.process.kind === 'running' || announcers.length > 0,
    peers: [...new Set(announcers.flatMap(({ instances }) => instances.flatMap(({ peers }) => peers)))],
  }
}

type ClusterFacts = {
  readonly cluster: Fact<Cluster>
  readonly isNode: boolean
  readonly findings: readonly Finding[]
}

/** Checks what EC2 reports. */
async function look(
  ec2: Ec2,
  config: Config,
  names: readonly string[],
  here: Here,
  context: CallContext,
): Promise<ClusterFacts> {
  const endpoint = watchEndpoint(ec2.routes)
  const [read, matched] = await Promise.all([
    readCluster(ec2, config, names, { ownEni: ifKnown(here.eni), peers: here.peers }, context),
    readMatched(ec2, config, names, context),
  ])
  const isNode = here.hasTraces || (here.isInstance && !isBystander(read))
  const cluster = isNode ? read : withoutSelf(read)
  const managed = managedIn(matched, config, names, read)
  const network = { cluster, ownEni: isNode ? here.eni : undefined, managed }
  return { cluster, isNode, findings: await examineNetwork(ec2, config, names, network, endpoint, context) }
}

/** Checks of the group EC2 that EC2 need not answer. */
const FREE_OF_EC2: readonly Check[] = ['credentials', 'aws-settings']

/** Without EC2, everything that depends on it is unknown, except the credentials, which are the problem. */
function withoutEc2({ hasTraces, isInstance }: Here): ClusterFacts {
  const why = 'EC2 could not be read'
  const checks = checksOf(['EC2', 'nodes', 'routes']).filter((check) => !FREE_OF_EC2.includes(check))
  return {
    cluster: unknown(why),
    isNode: hasTraces || isInstance,
    findings: checks.map((check) => finding(check, 'unknown', why)),
  }
}

/** Whether other machines are the nodes, and this instance has never published anything. */
function isBystander(cluster: Fact<Cluster>): boolean {
  const published = ifKnown(cluster)?.members.filter((member) => isLive(member) && member.published.length > 0) ?? []
  return published.length >= PAIR && !published.some(({ isSelf }) => isSelf)
}

/** The nodes as seen from a machine that is not one of them. */
function withoutSelf(cluster: Fact<Cluster>): Fact<Cluster> {
  if (!cluster.known) return cluster
  const members = cluster.value.members.filter(({ isSelf, published }) => !isSelf || published.length > 0)
  return known({ ...cluster.value, members: members.map((member) => ({ ...member, isSelf: false })) })
}

function checksOf(groups: readonly string[]): Check[] {
  return ORDER.filter((check) => groups.includes(CHECKS[check].group))
}

const isCheck = (text: string): text is Check => text in CHECKS
const ORDER = Object.keys(CHECKS).filter(isCheck)

function inOrder(findings: readonly Finding[]): Finding[] {
  return ORDER.flatMap((check) => findings.filter((each) => each.check === check))
}
