/** The host that our calls go to. */
import type { Ec2 } from './client.ts'

/**
 * Records the host of route calls from now on: only the SDK knows what the region, AWS_ENDPOINT_URL_EC2 and the profile
 * resolve to.
 * @returns the host of the last call, if any
 */
export function watchHost(ec2: Ec2): () => string | undefined {
  let host: string | undefined
  ec2.routes.middlewareStack.add(
    (next) => (args) => {
      const name: unknown = Reflect.get(Object(args.request), 'hostname')
      if (typeof name === 'string') host = name.replace(/^\[(.*)\]$/, '$1')
      return next(args)
    },
    { step: 'finalizeRequest', name: 'watchHost' },
  )
  return () => host
}
