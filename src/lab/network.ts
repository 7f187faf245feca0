/**
 * The network of one lab run: one namespace for the cloud, with a bridge, and one per node, connected by veth pairs.
 * Everything is in these namespaces; the host's own gets no address, interface or rule.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { atEnd, isAlive, killAll } from './cleanup.ts'

export type Family = 'ipv4' | 'ipv6'

type Addresses = {
  /** The cloud's address in the nodes' network, where the EC2 endpoint listens. */
  readonly cloud: string
  /** Of the nodes' network. */
  readonly prefixLength: number
  /** Where IMDS is, as on EC2. */
  readonly metadata: string
  readonly hostPrefixLength: number
}

export const CLOUD_ADDRESS = '10.0.0.1'
const ADDRESSES: Readonly<Record<Family, Addresses>> = {
  ipv4: { cloud: CLOUD_ADDRESS, prefixLength: 16, metadata: '169.254.169.254', hostPrefixLength: 32 },
  ipv6: { cloud: '2001:db8:10::1', prefixLength: 56, metadata: 'fd00:ec2::254', hostPrefixLength: 128 },
}

type NetworkNode = {
  /** Also names its bridge port: at most 15 characters. */
  readonly name: string
  /** IPv4, in 10.0.0.0/16. */
  readonly address: string
  /** In 2001:db8:10::/56; needed in an IPv6 network only. */
  readonly ipv6?: string
}

export type Network = {
  readonly cloud: string
  readonly cloudAddress: string
  readonly metadataAddress: string
  /** The node's only address. */
  addressOf(node: NetworkNode): string
  /** The namespace of a node. */
  namespaceOf(node: NetworkNode): string
  /** Sets a node's link; `down` makes its interface lose carrier. */
  setLink(node: NetworkNode, state: 'up' | 'down'): void
  /** Kills every process in the namespaces, then removes them. */
  remove(): void
}

const NAMESPACE_DIRECTORY = '/run/netns'
let created = 0

/**
 * Creates the network.
 * @param family the only one in it
 * @throws an error with the reason if namespaces are not permitted, leaving nothing behind
 */
export function createNetwork(nodes: readonly NetworkNode[], family: Family = 'ipv4'): Network {
  const { cloud: cloudAddress, prefixLength, metadata: metadataAddress, hostPrefixLength } = ADDRESSES[family]
  const addressOf = (node: NetworkNode) => (family === 'ipv4' ? node.address : (node.ipv6 ?? ''))
  // Without duplicate address detection, which takes a second or two.
  const flags = family === 'ipv4' ? '' : ' nodad'
  removeLeftoverNamespaces()
  created += 1
  const prefix = `vs${process.pid}-${created}`
  const cloud = `${prefix}-cloud`
  const namespaceOf = (node: NetworkNode) => `${prefix}-${node.name}`
  const remove = atEnd(() => removeNamespaces(namespaces().filter((namespace) => namespace.startsWith(`${prefix}-`))))
  try {
    ip(
      [],
      [cloud, ...nodes.map(namespaceOf)].map((namespace) => `netns add ${namespace}`),
    )
    ip(
      ['-n', cloud],
      [
        'link set lo up',
        'link add br0 type bridge',
        `address add ${cloudAddress}/${prefixLength} dev br0${flags}`,
        `address add ${metadataAddress}/${hostPrefixLength} dev br0${flags}`,
        'link set br0 up',
        ...nodes.flatMap((node) => [
          `link add ${node.name} type veth peer name eth0 netns ${namespaceOf(node)}`,
          `link set dev ${node.name} master br0`,
          `link set dev ${node.name} up`,
        ]),
      ],
    )
    for (const node of nodes) {
      ip(
        ['-n', namespaceOf(node)],
        [
          'link set lo up',
          `address add ${addressOf(node)}/${prefixLength} dev eth0${flags}`,
          'link set eth0 up',
          `route add ${metadataAddress}/${hostPrefixLength} via ${cloudAddress}`,
        ],
      )
    }
  } catch (error) {
    remove()
    throw error
  }
  return {
    cloud,
    cloudAddress,
    metadataAddress,
    addressOf,
    namespaceOf,
    setLink: (node, state) => ip(['-n', cloud], [`link set dev ${node.name} ${state}`]),
    remove,
  }
}

/** The command that runs another in a namespace, keeping its process id. */
export function inNamespace(namespace: string, command: readonly string[]): [string, ...string[]] {
  return ['ip', 'netns', 'exec', namespace, ...command]
}

/** Removes namespaces left by runs whose process is gone. */
export function removeLeftoverNamespaces(): void {
  removeNamespaces(
    namespaces().filter((namespace) => {
      const owner = /^vs(\d+)-\d+-/.exec(namespace)?.[1]
      return owner !== undefined && !isAlive(Number(owner))
    }),
  )
}

/** @throws the error of `ip`, unless another run removed the namespace meanwhile */
function removeNamespaces(names: readonly string[]): void {
  for (const name of names) {
    try {
      killAll(() => processesIn(name))
      ip([], [`netns delete ${name}`])
    } catch (error) {
      if (namespaces().includes(name)) throw error
    }
  }
}

function processesIn(namespace: string): number[] {
  const text = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' })
  return text.split('\n').filter(Boolean).map(Number)
}

function namespaces(): string[] {
  try {
    return readdirSync(NAMESPACE_DIRECTORY)
  } catch {
    return []
  }
}

/** Runs ip(8) lines as one batch. @throws an error with the reason of the first failure */
function ip(options: readonly string[], lines: readonly string[]): void {
  const { error, status, stderr } = spawnSync('ip', [...options, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`ip: ${stderr.split('\n', 1)[0]}`)
}
