/** Who we are: this instance's ENI and region, from IMDSv2. */
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { ec2Command } from '../../core/command-line.ts'
import { type EniId, isEniId } from '../../core/ids.ts'
import { Failure } from '../../platform/errors.ts'
import { Ec2Error } from './errors.ts'
import { named, notAnswer } from './transport/unexpected.ts'

const TIMEOUT_MS = 1000
/** Letters. The longest list that is asked for, of addresses, has 50 of them. */
const LONGEST_ANSWER = 65_536
const TOKEN_LIFETIME_SECONDS = 21_600
const ENDPOINT = 'http://169.254.169.254'
const ENDPOINT_IPV6 = 'http://[fd00:ec2::254]'

const NO_TOKEN_HINT =
  'outside EC2, set region and eni in the config; in a container, a hop limit of 1 drops the answer: ' +
  metadataCommand('--http-put-response-hop-limit', '2')

const NO_SERVICE_HINT = `enable it: ${metadataCommand('--http-endpoint', 'enabled')}`

const NO_ANSWER_HINT =
  'the instance metadata service has trouble of its own: set region and eni in the config, or try again'

function metadataCommand(...options: readonly string[]): string {
  return ec2Command(['modify-instance-metadata-options', '--instance-id', '…', ...options])
}

/**
 * A session with the instance metadata service.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
export class Metadata {
  readonly #endpoint: string
  #token: Promise<string> | undefined

  /** @param endpoint default: AWS_EC2_METADATA_SERVICE_ENDPOINT and its kin, as the SDKs read them */
  constructor(endpoint: string = endpointOfEnvironment()) {
    this.#endpoint = endpoint
  }

  /** One value, such as `mac`; undefined where IMDS has no such path. @throws Failure */
  async get(path: string): Promise<string | undefined> {
    let answer = await this.#fetch(path)
    if (answer.status === 401) {
      // The token has expired, or IMDS was restarted: once with a new one.
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
      throw new Ec2Error(`asking IMDS for ${path}`, error, NO_ANSWER_HINT)
    }
  }

  async #newToken(): Promise<string> {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_LIFETIME_SECONDS) }
    let answer: Answer
    try {
      answer = await exchange('PUT', `${this.#endpoint}/latest/api/token`, headers)
    } catch (error) {
      throw new Ec2Error(`asking ${this.#endpoint} for an IMDSv2 token`, error, NO_TOKEN_HINT)
    }
    if (answer.status === 200 && isText(answer.body)) return answer.body
    throw new Ec2Error(`asking ${this.#endpoint} for an IMDSv2 token`, refusal(answer), NO_SERVICE_HINT)
  }
}

function endpointOfEnvironment(): string {
  const { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: mode } = process.env
  return endpoint?.replace(/\/+$/, '') ?? (mode?.toLowerCase() === 'ipv6' ? ENDPOINT_IPV6 : ENDPOINT)
}

type Answer = { readonly status: number; readonly body: string }

/** By which IMDS refuses (page above); 503 says that asking again may help. */
const REFUSALS = [400, 401, 403, 404, 503]

/** An answer that is none; its status tells whether asking again may help. */
function refusal({ status, body }: Answer): Error {
  if (!REFUSALS.includes(status)) return notAnswer('IMDS', status, body)
  return Object.assign(new Error(`it answered ${status}`), { name: 'Refusal', $metadata: { httpStatusCode: status } })
}

/** Whether it can be a value or a token: lines of printable ASCII, and no page. */
function isText(body: string): boolean {
  return /^[\x20-\x7e\n]+$/.test(body) && !body.startsWith('<')
}

// node:http, since loading what is behind fetch() costs more than the whole exchange.
function exchange(method: 'GET' | 'PUT', url: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    function fail(error: Error): void {
      // node:http names an abort by a signal AbortError, or in the middle of an answer ECONNRESET, whatever its reason.
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

/** What IMDS tells of one network interface of this instance. */
export type OwnInterface = {
  readonly eni: EniId
  /** What this host calls it; undefined where none of its interfaces has that MAC address, as in a container. */
  readonly name: string | undefined
  readonly vpc: string | undefined
  /** CIDRs of the VPC, of both families. */
  readonly vpcRanges: readonly string[]
  readonly account: string | undefined
  /** Private addresses, the primary one first. */
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
}

/** As it becomes a part of host names. */
const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/

/** @throws Failure */
export async function regionOfThisInstance(metadata = new Metadata()): Promise<string> {
  const region = await metadata.get('placement/region')
  if (region && !REGION.test(region)) throw new Ec2Error('asking IMDS for the region', notAnswer('IMDS', 200, region))
  if (region) return region
  throw new Failure('failed', 'IMDS does not tell the region', { hint: 'set region in the config, or AWS_REGION' })
}

/**
 * The ENI of this host that the routes shall point to: that of `interfaceName` (matched by its MAC address), else the
 * primary one.
 * @throws Failure
 */
export async function eniOfThisInstance(interfaceName: string | undefined, metadata = new Metadata()): Promise<EniId> {
  const { mac, value: eni } = await ofInterface(interfaceName, 'interface-id', metadata)
  if (eni && isEniId(eni)) return eni
  const which = interfaceName ? `interface ${interfaceName} (${mac})` : 'the primary interface'
  throw new Failure('failed', `IMDS knows no ENI for ${which}`, { hint: 'set interface or eni in the config' })
}

/** The primary private address of that ENI: IMDS lists it before the secondary ones. @throws Failure */
export async function addressOfThisInstance(
  interfaceName: string | undefined,
  metadata = new Metadata(),
): Promise<string> {
  const { mac, value = '' } = await ofInterface(interfaceName, 'local-ipv4s', metadata)
  const [address] = value.split('\n')
  if (address) return address
  throw new Failure('failed', `IMDS knows no private address of ${mac}`, { hint: 'set interface in the config' })
}

/** All that is of use about the same interface. @throws Failure */
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
  try {
    return readFileSync(`/sys/class/net/${interfaceName}/address`, 'utf8').trim()
  } catch {
    return undefined
  }
}

const interfaceNames = () => readdir('/sys/class/net')

const linesOf = (text: string | undefined) => text?.split('\n').filter(Boolean) ?? []
