import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { answerLab } from './control.ts'
import { answer, type Intercept, type RequestRecord, signatureOf } from './dispatch.ts'
import { bodyOf, closeServer, listen, listeningUrlOf, urlOf } from './http.ts'
import { type Metadata, type MetadataOptions, startMetadata } from './metadata/metadata.ts'
import type { Region } from './model.ts'
import { parseForm } from './protocol.ts'
import { buildRegion } from './seed/build.ts'
import { defaultSeed } from './seed/default.ts'
import type { Seed } from './seed/seed.ts'

export type EndpointOptions = {
  /** Default 127.0.0.1. */
  host?: string
  /** Default: any free port. */
  port?: number
  /** Path of a Unix socket to listen on as well. */
  socket?: string
  seed?: Seed
  intercept?: Intercept
}

export type Ec2Endpoint = {
  url: string
  /** As requested; if that is all addresses, `url` is one of them. */
  listeningUrl: string
  /** The live model: the next call sees any change. */
  region: Region
  requests: RequestRecord[]
  /** Serves instance metadata until the endpoint closes. */
  startMetadata: (options?: MetadataOptions) => Promise<Metadata>
  close: () => Promise<void>
}

/** Starts an EC2 and STS endpoint. @throws SeedError, or the listen error */
export async function startEc2Endpoint(options: EndpointOptions = {}): Promise<Ec2Endpoint> {
  const { host = '127.0.0.1', port = 0, socket, intercept } = options
  const region = buildRegion(options.seed ?? defaultSeed)
  const requests: RequestRecord[] = []
  const listener: RequestListener = (request, response) => {
    void serve(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  }
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://lab')
    const body = await bodyOf(request)
    if (url.pathname.startsWith('/_lab/')) {
      const { status, text } = answerLab(region, requests, request.method, url.pathname, body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
      return
    }
    const params = { ...parseForm(url.search.slice(1)), ...parseForm(body) }
    const signature = signatureOf(request, params)
    const record: RequestRecord = { action: params.Action ?? '', params, at: Date.now(), ...signature }
    requests.push(record)
    const { status, headers, body: text } = await answer(region, record, randomUUID(), intercept)
    response.writeHead(status, headers).end(text)
  }

  const servers: Server[] = []
  const metadata: Metadata[] = []
  async function close(): Promise<void> {
    await Promise.all([...metadata.map((started) => started.close()), ...servers.map(closeServer)])
  }
  try {
    servers.push(await listen(listener, { host, port }))
    if (socket !== undefined) servers.push(await listen(listener, { path: socket }))
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: urlOf(host, servers[0]),
    listeningUrl: listeningUrlOf(host, servers[0]),
    region,
    requests,
    startMetadata: async (metadataOptions) => {
      const started = await startMetadata(region, metadataOptions)
      metadata.push(started)
      return started
    },
    close,
  }
}
