/**
 * The network of one lab run: one namespace for the cloud, with a bridge, and one per node, connected by veth pairs.
 * Everything is in these namespaces; the host's own gets no address, interface or rule.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { atEnd, isAlive, signalIfAlive } from './cleanup.ts'

/** The cloud's address in the nodes' network, where the EC2 endpoint listens. */
export const CLOUD_ADDRESS = '10.0.0.1'
/** Link-local, as on EC2. */
export const METADATA_ADDRESS = '169.254.169.254'

type NetworkNode = {
  /** Also names its bridge port: at most 15 characters. */
  readonly name: string
  /** IPv4, in 10.0.0.0/16. */
  readonly address: string
}

export type Network = {
  readonly cloud: string
  /** The namespace of a node. */
  namespaceOf(node: NetworkNode): string
  /** Sets a node's link; `down` makes its interface lose carrier. */
  setLink(node: NetworkNode, state: 'up' | 'down'): void
  /** Kills every process in the namespaces, then removes them. */
  remove(): void
}

const NAMESPACE_DIRECTORY = '/run/netns'
let created = 0

/** Creates the network. @throws an error with the reason if namespaces are not permitted, leaving nothing behind */
export function createNetwork(nodes: readonly NetworkNode[]): Network {
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
        `address add ${CLOUD_ADDRESS}/16 dev br0`,
        `address add ${METADATA_ADDRESS}/32 dev br0`,
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
          `address add ${node.address}/16 dev eth0`,
          'link set eth0 up',
          `route add ${METADATA_ADDRESS} via ${CLOUD_ADDRESS}`,
        ],
      )
    }
  } catch (error) {
    remove()
    throw error
  }
  return {
    cloud,
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
      killAllIn(name)
      ip([], [`netns delete ${name}`])
    } catch (error) {
      if (namespaces().includes(name)) throw error
    }
  }
}

/** Repeats, since a process may fork while the list is read. */
function killAllIn(namespace: string): void {
  const deadline = performance.now() + 2000
  while (performance.now() < deadline) {
    const pids = execFileSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).split('\n').filter(Boolean)
    if (pids.length === 0) return
    for (const pid of pids) signalIfAlive(Number(pid), 'SIGKILL')
  }
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
