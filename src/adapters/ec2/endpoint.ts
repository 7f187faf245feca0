/** Where our calls go. */
import type { Ec2 } from './client.ts'

/**
 * Notes the host that calls about routes are sent to, from now on: what the region, AWS_ENDPOINT_URL_EC2 and the profile
 * come to, the SDK alone knows.
 * @returns the host of the last call; undefined before the first
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
