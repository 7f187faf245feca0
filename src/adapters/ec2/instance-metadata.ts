/** This instance's identity, its ENI and region, from IMDSv2. */
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { ec2Command } from '../../core/command-line.ts'
import { type EniId, isEniId, REGION } from '../../core/ids.ts'
import { Failure } from '../../platform/errors.ts'
import { Ec2Error } from './errors.ts'
import { named, notAnswer } from './transport/unexpected.ts'

const TIMEOUT_MS = 1000
/** Characters. The longest list we request, of addresses, has 50 entries. */
const LONGEST_ANSWER = 65_536
const TOKEN_LIFETIME_SECONDS = 21_600
const ENDPOINT = 'http://169.254.169.254'
const ENDPOINT_IPV6 = 'http://[fd00:ec2::254]'

/** Outside EC2, no retry brings an answer. */
const SILENCE = { lasts: true }

const noTokenHint = () =>
  'outside EC2, set AWS_REGION or --region, and eni: in the config; in a container, raise the hop limit above 1: ' +
  metadataCommand('--http-put-response-hop-limit', '2')

const noServiceHint = () => `enable it: ${metadataCommand('--http-endpoint', 'enabled')}`

const NO_ANSWER_HINT = 'the instance metadata service has a problem: try again, or set region and eni in the config'

function metadataCommand(...options: readonly string[]): string {
  return ec2Command(['modify-instance-metadata-options', '--instance-id', '…', ...options])
}

/**
 * A session with the instance metadata service
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html).
 */
export class Metadata {
  readonly #endpoint: string
  #token: Promise<string> | undefined

  /** @param endpoint default: AWS_EC2_METADATA_SERVICE_ENDPOINT or its _MODE, as in the SDKs; else by the host's addresses */
  constructor(endpoint: string = endpointOfEnvironment()) {
    this.#endpoint = endpoint
  }

  /** Reads a value such as `mac`; undefined if IMDS has no such path. @throws Failure */
  async get(path: string): Promise<string | undefined> {
    let answer = await this.#fetch(path)
    if (answer.status === 401) {
      // The token has expired, or IMDS has restarted: retry once with a new token.
      this.#token = undefined
      answer = await this.#fetch(path)
    }
    if (answer.status === 404) return undefined
    if (answer.status === 200 && isText(answer.body)) return answer.body
    throw new Ec2Error(`asking IMDS for ${path}`, refusal(answer), NO_ANSWER_HINT)
  }

  async #fetch(path: string): Promise<Answer> {
    this.#token ??= this.#newToken()
    const token = await this.#token.catch((error: unknown) => {
      this.#token = undefined
      throw error
    })
    try {
      return await exchange('GET', `${this.#endpoint}/latest/meta-data/${path}`, { 'x-aws-ec2-metadata-token': token })
    } catch (error) {
      throw new Ec2Error(`asking IMDS for ${path}`, error, NO_ANSWER_HINT, SILENCE)
    }
  }

  async #newToken(): Promise<string> {
    if (isDisabled())
      throw new Failure('config', 'IMDS may not be asked: AWS_EC2_METADATA_DISABLED is set', { hint: DISABLED_HINT })
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_LIFETIME_SECONDS) }
    let answer: Answer
    try {
      answer = await exchange('PUT', `${this.#endpoint}/latest/api/token`, headers)
    } catch (error) {
      throw new Ec2Error(`asking ${this.#endpoint} for an IMDSv2 token`, error, noTokenHint(), SILENCE)
    }
    if (answer.status === 200 && isText(answer.body)) return answer.body
    throw new Ec2Error(`asking ${this.#endpoint} for an IMDSv2 token`, refusal(answer), noServiceHint())
  }
}

const DISABLED_HINT = 'set region and eni in the config; or unset it'

/** As in the SDKs, only `true` disables it. */
const isDisabled = () => process.env.AWS_EC2_METADATA_DISABLED?.toLowerCase() === 'true'

function endpointOfEnvironment(): string {
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint } = process.env
  return endpoint?.replace(/\/+$/, '') || (usesIpv6() ? ENDPOINT_IPV6 : ENDPOINT)
}

function usesIpv6(): boolean {
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: mode } = process.env
  return mode ? mode.toLowerCase() === 'ipv6' : isIpv6Only()
}

/**
 * Whether this host is in an IPv6-only subnet, where nothing but the IPv6 endpoint of IMDS can be reached. Not asked of
 * netlink (os.networkInterfaces()), which hardened units may not use. Each interface with an address has a route here.
 */
function isIpv6Only(): boolean {
  const [, ...ipv4Routes] = linesOf(readText('/proc/net/route'))
  const ipv6 = linesOf(readText('/proc/net/if_inet6')).filter((line) => !/ lo$/.test(line))
  return ipv4Routes.length === 0 && ipv6.length > 0
}

/** Undefined if there is no such file, as without IPv6. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Lets the SDK's credentials provider use the same endpoint. It knows no setting but the environment's and the profile's,
 * and defaults to IPv4.
 */
export function setMetadataMode(): void {
  if (isIpv6Only()) process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE ||= 'IPv6'
}

type Answer = { readonly status: number; readonly body: string }

/** The status codes of IMDS's errors (see above); only 503 is worth retrying. */
const REFUSALS = [400, 401, 403, 404, 503]

/** The error for a failed request; its status tells whether it is worth retrying. */
function refusal({ status, body }: Answer): Error {
  if (!REFUSALS.includes(status)) return notAnswer('IMDS', status, body)
  return Object.assign(new Error(`HTTP ${status}`), { name: 'Refusal', $metadata: { httpStatusCode: status } })
}

/** Whether it looks like a value or a token: printable ASCII, and not HTML. */
function isText(body: string): boolean {
  return /^[\x20-\x7e\n]+$/.test(body) && !body.startsWith('<')
}

// node:http, since loading fetch() takes longer than the whole exchange.
function exchange(method: 'GET' | 'PUT', url: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    function fail(error: Error): void {
      // On an abort node:http reports AbortError, or ECONNRESET in the middle of a response, whatever the reason.
      reject(signal.aborted ? named('TimeoutError', `no answer within ${TIMEOUT_MS} ms`) : error)
    }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const outgoing = request(url, { method, headers, signal }, (incoming) => {
      let body = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk: string) => {
        body += chunk
        if (body.length > LONGEST_ANSWER) incoming.destroy(notAnswer('IMDS', incoming.statusCode ?? 0, body))
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }))
      incoming.on('error', fail)
    })
    outgoing.on('error', fail)
    outgoing.end()
  })
}

/** What IMDS knows about one network interface of this instance. */
export type OwnInterface = {
  readonly eni: EniId
  /** Its name on this host; undefined if no interface here has its MAC address, as in a container. */
  readonly name: string | undefined
  readonly vpc: string | undefined
  /** CIDRs of the VPC, both IPv4 and IPv6. */
  readonly vpcRanges: readonly string[]
  readonly account: string | undefined
  /** Private addresses, the primary one first. */
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
}

/** @throws Failure */
export async function regionOfThisInstance(metadata = new Metadata()): Promise<string> {
  const region = await metadata.get('placement/region')
  if (region && !REGION.test(region)) throw new Ec2Error('asking IMDS for the region', notAnswer('IMDS', 200, region))
  if (region) return region
  throw new Failure('failed', 'IMDS does not report the region', {
    hint: 'set AWS_REGION, --region or region: in the config',
  })
}

/**
 * This host's ENI that routes should target: the one of `interfaceName` (matched by MAC address), else the primary one.
 * @throws Failure
 */
export async function eniOfThisInstance(interfaceName: string | undefined, metadata = new Metadata()): Promise<EniId> {
  const { mac, value: eni } = await ofInterface(interfaceName, 'interface-id', metadata)
  if (eni && isEniId(eni)) return eni
  const which = interfaceName ? `interface ${interfaceName} (${mac})` : 'the primary interface'
  throw new Failure('failed', `IMDS reports no ENI for ${which}`, { hint: 'set interface or eni in the config' })
}

/** The primary private address of that ENI, which IMDS lists first: IPv4, or IPv6 if it has no other. @throws Failure */
export async function addressOfThisInstance(
  interfaceName: string | undefined,
  metadata = new Metadata(),
): Promise<string> {
  for (const what of ['local-ipv4s', 'ipv6s']) {
    const [address] = linesOf((await ofInterface(interfaceName, what, metadata)).value)
    if (address) return address
  }
  const which = interfaceName ?? 'the primary interface'
  throw new Failure('failed', `IMDS reports no address for ${which}`, { hint: 'set interface in the config' })
}

/** The VPC of that ENI; undefined if IMDS does not tell. @throws Failure */
export async function vpcOfThisInstance(
  interfaceName: string | undefined,
  metadata = new Metadata(),
): Promise<string | undefined> {
  return (await ofInterface(interfaceName, 'vpc-id', metadata)).value
}

/** Everything we need about that interface. @throws Failure */
export async function interfaceOfThisInstance(
  interfaceName: string | undefined,
  metadata = new Metadata(),
): Promise<OwnInterface> {
  const eni = await eniOfThisInstance(interfaceName, metadata)
  const [vpc, account, ipv4, ipv6, ...ranges] = await Promise.all(
    ['vpc-id', 'owner-id', 'local-ipv4s', 'ipv6s', 'vpc-ipv4-cidr-blocks', 'vpc-ipv6-cidr-blocks'].map((what) =>
      ofInterface(interfaceName, what, metadata),
    ),
  )
  const name = interfaceName ?? (await interfaceNames()).find((each) => macText(each) === vpc?.mac)
  return {
    eni,
    name,
    vpc: vpc?.value,
    vpcRanges: ranges.flatMap(({ value }) => linesOf(value)),
    account: account?.value,
    ipv4: linesOf(ipv4?.value),
    ipv6: linesOf(ipv6?.value),
  }
}

async function ofInterface(interfaceName: string | undefined, what: string, metadata: Metadata) {
  const mac = interfaceName === undefined ? await metadata.get('mac') : await macOf(interfaceName)
  return { mac, value: mac && (await metadata.get(`network/interfaces/macs/${mac}/${what}`)) }
}

async function macOf(interfaceName: string): Promise<string> {
  const mac = macText(interfaceName)
  if (mac !== undefined) return mac
  throw new Failure('config', `this host has no network interface ${interfaceName}`, {
    hint: `set interface in the config to one of ${(await interfaceNames()).join(', ')}`,
  })
}

function macText(interfaceName: string): string | undefined {
  return readText(`/sys/class/net/${interfaceName}/address`)?.trim()
}

const interfaceNames = () => readdir('/sys/class/net')

const linesOf = (text: string | undefined) => text?.split('\n').filter(Boolean) ?? []
