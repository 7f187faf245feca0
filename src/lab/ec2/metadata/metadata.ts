import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { callerAddress } from '../addresses.ts'
import { closeServer, listen, listeningUrlOf, urlOf } from '../http.ts'
import type { Region } from '../model.ts'
import { metadataTree, type Tree } from './tree.ts'

export type MetadataOptions = {
  /** Default 127.0.0.1. */
  host?: string
  /** Default: any free port. */
  port?: number
  /** The instance to serve. Default: the one with the caller's source address. */
  instanceId?: string
}

export type Metadata = {
  url: string
  /** As requested; if that is all addresses, `url` is one of them. */
  listeningUrl: string
  close: () => Promise<void>
}

/** The response to one request. */
type Answer = {
  status: number
  text: string
  headers?: Record<string, string>
}

const LONGEST_TOKEN_LIFE_SECONDS = 21_600

/**
 * Starts an instance metadata service, version 2 only.
 * Source: "Use the Instance Metadata Service to access instance metadata" in EC2's user guide.
 */
export async function startMetadata(region: Region, options: MetadataOptions = {}): Promise<Metadata> {
  const { host = '127.0.0.1', port = 0 } = options
  if (options.instanceId !== undefined && !region.instances.has(options.instanceId)) {
    throw new Error(`no instance ${options.instanceId}`)
  }
  const tokens = new Map<string, { instanceId: string; expires: number }>()

  function newToken(request: IncomingMessage, instanceId: string): Answer {
    if (request.headers['x-forwarded-for'] !== undefined) return refusal(403, 'Forbidden')
    const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds'])
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_TOKEN_LIFE_SECONDS)
      return refusal(400, 'Bad Request')
    const token = randomBytes(40).toString('base64')
    tokens.set(token, { instanceId, expires: Date.now() + seconds * 1000 })
    return { status: 200, text: token, headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(seconds) } }
  }

  function read(request: IncomingMessage, instanceId: string, path: string): Answer {
    const token = tokens.get(String(request.headers['x-aws-ec2-metadata-token']))
    if (token === undefined || token.instanceId !== instanceId || token.expires <= Date.now()) {
      return refusal(401, 'Unauthorized')
    }
    const node = walk(metadataTree(region, instanceId), path)
    return node === undefined ? refusal(404, 'Not Found') : { status: 200, text: render(node) }
  }

  function answer(request: IncomingMessage): Answer {
    const [pathname = ''] = (request.url ?? '').split('?')
    const instanceId = options.instanceId ?? instanceWith(region, request.socket.remoteAddress)
    if (instanceId === undefined) return refusal(404, 'Not Found')
    if (region.instances.get(instanceId)?.metadata.endpoint === 'disabled') return refusal(403, 'Forbidden')
    if (request.method === 'PUT' && pathname === '/latest/api/token') return newToken(request, instanceId)
    if (request.method !== 'GET') return refusal(405, 'Method Not Allowed')
    return read(request, instanceId, pathname)
  }

  const listener: RequestListener = (request, response: ServerResponse) => {
    const { status, text, headers } = answer(request)
    response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws', ...headers }).end(text)
  }
  const server = await listen(listener, { host, port })
  return { url: urlOf(host, server), listeningUrl: listeningUrlOf(host, server), close: () => closeServer(server) }
}

function refusal(status: number, text: string): Answer {
  return { status, text }
}

function instanceWith(region: Region, remoteAddress: string | undefined): string | undefined {
  if (remoteAddress === undefined) return undefined
  const address = callerAddress(remoteAddress)
  return [...region.interfaces.values()].find(
    ({ addresses, ipv6Addresses }) => addresses.includes(address) || ipv6Addresses.includes(address),
  )?.attachment?.instanceId
}

function walk(root: Tree, path: string): Tree | string | undefined {
  let node: Tree | string | undefined = root
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (typeof node === 'string' || node === undefined || !Object.hasOwn(node, name)) return undefined
    node = node[name]
  }
  return node
}

/** A directory lists its entries, with a slash after subdirectories. */
function render(node: Tree | string): string {
  if (typeof node === 'string') return node
  return Object.entries(node)
    .filter(([, child]) => child !== undefined)
    .map(([name, child]) => (typeof child === 'string' ? name : `${name}/`))
    .join('\n')
}
