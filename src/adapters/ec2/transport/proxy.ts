/**
 * The way out through an HTTP proxy, as the environment names it and the AWS CLI reads it: `https_proxy` for https URLs,
 * `http_proxy` for http, none for the hosts in `no_proxy`, each in lower or upper case. IMDS is never asked through here.
 */
import { type ClientRequestArgs, type IncomingMessage, request as requestHttp } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { Failure } from '../../../platform/errors.ts'
import { named } from './unexpected.ts'

export type HttpProxy = {
  readonly host: string
  readonly port: number
  /** Whether the proxy itself is spoken to over TLS. */
  readonly isTls: boolean
  /** For the header Proxy-Authorization. */
  readonly authorization: string | undefined
  /** Its URL without the login, for people. */
  readonly text: string
}

/** Where a request goes to. */
export type Destination = { readonly protocol: string; readonly host: string; readonly port: number }

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/** The proxy for requests to a destination; undefined if they go there directly. */
export type ProxyFor = (to: Destination) => HttpProxy | undefined

/**
 * Reads the environment.
 * @throws Failure of kind `config` if it names no proxy that we can use; the value is not repeated, as it may be a secret
 */
export function proxiesOf(env: NodeJS.ProcessEnv = process.env): ProxyFor {
  const proxies = { 'https:': parsedProxy('HTTPS_PROXY', env), 'http:': parsedProxy('HTTP_PROXY', env) }
  const exempt = either('NO_PROXY', env)
  return (to) => {
    const proxy = to.protocol === 'https:' ? proxies['https:'] : proxies['http:']
    return proxy && !isExempt(to, exempt) ? proxy : undefined
  }
}

const either = (name: string, env: NodeJS.ProcessEnv) => env[name.toLowerCase()] ?? env[name] ?? ''

function parsedProxy(name: 'HTTPS_PROXY' | 'HTTP_PROXY', env: NodeJS.ProcessEnv): HttpProxy | undefined {
  const value = either(name, env)
  if (value === '') return undefined
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const port = url && (Number(url.port) || DEFAULT_PORTS[url.protocol])
  // A request over plain HTTP is forwarded, which needs no tunnel, and is not made over TLS.
  const isUsable = url?.protocol === 'http:' || (url?.protocol === 'https:' && name === 'HTTPS_PROXY')
  const login = url && loginOf(url)
  if (!url?.hostname || port === undefined || !isUsable || login === undefined) {
    const forms = name === 'HTTPS_PROXY' ? 'http://host:port or https://host:port' : 'http://host:port'
    throw new Failure('config', `${name} in the environment names no proxy that can be used`, {
      hint: `allowed: ${forms}, with user:password@ before the host, percent-encoded, if it wants a login`,
    })
  }
  return {
    host: unbracketed(url.hostname),
    port,
    isTls: url.protocol === 'https:',
    authorization: login === ':' ? undefined : `Basic ${Buffer.from(login).toString('base64')}`,
    text: `${url.protocol}//${url.host}`,
  }
}

/** Entries are separated by commas: `*`, a domain with all its subdomains, an address or a range; a port may follow. */
function isExempt({ host: name, port }: Destination, list: string): boolean {
  const host = unbracketed(name).toLowerCase()
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true
      const [, bare = entry, only] = isIP(entry) ? [] : (/^(.*):(\d+)$/.exec(entry) ?? [])
      if (only !== undefined && Number(only) !== port) return false
      if (isIP(host)) return isInRange(host, unbracketed(bare))
      const domain = bare.replace(/^\*?\.?/, '')
      return host === domain || host.endsWith(`.${domain}`)
    })
}

function isInRange(address: string, entry: string): boolean {
  const [network = '', bits] = entry.split('/')
  if (isIP(network) !== isIP(address)) return false
  const [family, most] = isIP(network) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const)
  const length = Number(bits ?? most)
  if (!(length >= 0 && length <= most)) return false
  const range = new BlockList()
  range.addSubnet(network, length, family)
  return range.check(address, family)
}

/** `user:password`; undefined if it is not percent-encoded. */
function loginOf({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    return undefined
  }
}

const unbracketed = (host: string) => host.replace(/^\[(.*)\]$/, '$1')

/**
 * Makes a connection to a proxy a tunnel to the host.
 * @throws an error named `ProxyRefusal` if the proxy declines
 */
export function tunnel(connection: Duplex, { host, port }: ClientRequestArgs, proxy: HttpProxy): Promise<void> {
  const name = isIP(host ?? '') === 6 ? `[${host}]` : host
  const authority = `${name}:${port}`
  return new Promise((resolve, reject) => {
    const request = requestHttp({
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorizationOf(proxy) },
      createConnection: () => connection,
    })
    request.on('connect', (response: IncomingMessage) => {
      if (response.statusCode === 200) resolve()
      else reject(refusal(response, authority, proxy))
    })
    request.on('error', reject)
    request.end()
  })
}

export function authorizationOf({ authorization }: HttpProxy): Record<string, string> {
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}

function refusal({ statusCode, statusMessage }: IncomingMessage, authority: string, { text }: HttpProxy): Error {
  const said = [statusCode, statusMessage].filter(Boolean).join(' ')
  return named('ProxyRefusal', `the proxy ${text} does not connect to ${authority}: HTTP ${said}`)
}

/** The error of a connection to a proxy, which names the proxy. */
export function throughProxy(error: Error, { text }: HttpProxy): Error {
  if (error.name === 'ProxyRefusal') return error
  const code: unknown = Reflect.get(error, 'code')
  return Object.assign(new Error(`through the proxy ${text}: ${error.message || code}`, { cause: error }), {
    name: error.name,
    ...(code !== undefined && { code }),
  })
}
