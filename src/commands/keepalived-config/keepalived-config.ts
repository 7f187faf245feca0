/** `vip-switch keepalived-config`: prints the snippet for keepalived.conf. */

import { keepalivedSnippet, leftOutText, type Placeholder } from '../../adapters/keepalived/snippet.ts'
import { callContextFor } from '../../agent/node/route-port.ts'
import { instanceOf } from '../../config/instances.ts'
import { loadConfig } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import { type Config, INSTANCE_NAME, INSTANCE_NAME_FORM } from '../../config/schema.ts'
import { type Address, parseAddress } from '../../core/vip.ts'
import { Failure } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { type LogFormat, openLog } from '../../terminal/log.ts'
import { print } from '../../terminal/print.ts'
import { type Gap, gapsText, snippetText } from './output.ts'
import { type GivenAddresses, lookUpAddresses, type VrrpAddresses } from './vrrp-addresses.ts'

export type KeepalivedConfigOptions = {
  interface?: string
  source?: string
  peer: string[]
  priority?: number
  virtualRouterId: number
  member: string[]
  config?: string
  region?: string
  logFormat?: LogFormat
}

const LOOK_UP_DEADLINE_MS = 5000
const LAST_ROUTER_ID = 255

/** @throws Failure of kind `usage` or `config`; values that cannot be looked up are not a failure */
export async function printKeepalivedConfig(
  name: string | undefined,
  options: KeepalivedConfigOptions,
): Promise<ExitCode> {
  const config = loadConfig(configPath(options.config), options.region)
  const names = namesOf(name, options, config)
  const given = givenAddresses(options)
  const addresses = await lookUpAddresses(
    config,
    names,
    given,
    callContextFor(LOOK_UP_DEADLINE_MS, openLog(options.logFormat)),
  )
  const { text, placeholders, leftOut } = keepalivedSnippet({
    program: programPath(),
    fifo: config.keepalived.fifo,
    routerId: options.virtualRouterId,
    instances: names.map((each) => {
      const { vips, priority } = instanceOf(config, each)
      return {
        name: each,
        members: options.member,
        vips,
        interface: addresses.interface,
        source: addresses.source,
        peers: addresses.peers.get(each) ?? [],
        priority: options.priority ?? priority,
      }
    }),
  })
  print(snippetText(text.trimEnd().split('\n')))
  const notes = gapsText(
    placeholders.map((each) => gapOf(each, addresses)),
    leftOut.map(leftOutText),
  )
  if (notes) print(notes, process.stderr)
  return EXIT.done
}

/** The selected instances of the config. @throws Failure of kind `usage` or `config` */
function namesOf(name: string | undefined, { member, virtualRouterId }: KeepalivedConfigOptions, config: Config) {
  if (name === undefined && member.length > 0) throw usage('--member requires the name of its sync group')
  const odd = member.find((each) => !INSTANCE_NAME.test(each))
  if (odd !== undefined) throw usage(`--member: "${odd}" is not ${INSTANCE_NAME_FORM}`)
  if (name !== undefined) instanceOf(config, name)
  const names = name === undefined ? Object.keys(config.instances) : [name]
  if (virtualRouterId + Math.max(names.length, member.length) - 1 > LAST_ROUTER_ID) {
    throw usage(
      `--virtual-router-id ${virtualRouterId} is for the first instance; the others would exceed ${LAST_ROUTER_ID}`,
    )
  }
  return names
}

/** The addresses given by flags. @throws Failure of kind `usage` */
function givenAddresses(options: Pick<KeepalivedConfigOptions, 'interface' | 'source' | 'peer'>): GivenAddresses {
  const source = options.source === undefined ? undefined : addressOf('--source', options.source)
  const peers = options.peer.map((text) => addressOf('--peer', text))
  assertOneFamily(source ? [source, ...peers] : peers)
  return { interface: options.interface, source, peers }
}

/** @throws Failure of kind `usage` */
export function assertOneFamily([first, ...others]: readonly Address[]): void {
  const odd = others.find(({ kind }) => kind !== first?.kind)
  if (first && odd) {
    throw usage(`${first.text} and ${odd.text} are of different families: VRRP uses one for all nodes`)
  }
}

function addressOf(flag: string, text: string): Address {
  const address = parseAddress(text)
  if (!address) throw usage(`${flag}: "${text}" is not an IPv4 or IPv6 address`)
  return address
}

function usage(message: string): Failure {
  return new Failure('usage', message, { hint: 'see vip-switch keepalived-config --help' })
}

function gapOf(placeholder: Placeholder, { ownProblem = 'IMDS reports none', peersProblem = '' }: VrrpAddresses): Gap {
  switch (placeholder) {
    case 'INTERFACE':
      return { placeholder, flag: '--interface', why: ownProblem }
    case 'ADDRESS-OF-THIS-NODE':
      return { placeholder, flag: '--source', why: ownProblem }
    case 'ADDRESS-OF-ANOTHER-NODE':
      return { placeholder, flag: '--peer', why: peersProblem }
    case 'PRIORITY':
      return { placeholder, flag: '--priority', why: '1 to 254; the highest becomes MASTER' }
  }
}

/** The program's path as invoked, such as /usr/bin/vip-switch, with symlinks unresolved. */
export function programPath(): string {
  const [, path] = process.argv
  if (path === undefined) throw new Error('the path of this program is unknown')
  return path
}
