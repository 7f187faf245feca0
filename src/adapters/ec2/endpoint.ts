/** Where our calls go to. */
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { Destination } from './transport/proxy.ts'

/**
 * Records the endpoint of the client's calls from now on: only the SDK knows what the region, AWS_ENDPOINT_URL_EC2 and the
 * profile resolve to.
 * @returns that of the last call, if any
 */
export function watchEndpoint(client: EC2Client): () => Destination | undefined {
  let endpoint: Destination | undefined
  client.middlewareStack.add(
    (next) => (args) => {
      endpoint = destinationOf(args.request) ?? endpoint
      return next(args)
    },
    { step: 'finalizeRequest' },
  )
  return () => endpoint
}

function destinationOf(request: unknown): Destination | undefined {
  const { hostname, protocol, port }: Partial<Record<string, unknown>> = Object(request)
  if (typeof hostname !== 'string') return undefined
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const usual = protocol === 'http:' ? { protocol, port: 80 } : { protocol: 'https:', port: 443 }
  return { ...usual, host, ...(typeof port === 'number' && { port }) }
}
