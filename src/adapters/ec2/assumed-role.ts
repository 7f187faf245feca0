/** The role for route-table calls when the tables belong to another account. */
import type { EC2ClientConfig } from '@aws-sdk/client-ec2'
import type { FromTemporaryCredentialsOptions } from '@aws-sdk/credential-providers'
import type { Clock } from '../../platform/clock.ts'
import type { Credentials } from './credentials.ts'
import { isSkewCorrected } from './transport/refusals.ts'

/**
 * Returns the role's credentials for an SDK client.
 * @param own credentials that assume the role; renewed if STS rejects them
 */
export async function assumed(
  RoleArn: string,
  clientConfig: NonNullable<FromTemporaryCredentialsOptions['clientConfig']>,
  own: Credentials,
  clock: Clock,
): Promise<NonNullable<EC2ClientConfig['credentials']>> {
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  const assume = fromTemporaryCredentials({
    params: { RoleArn, RoleSessionName: 'vip-switch' },
    masterCredentials: own.provide,
    clientConfig,
  })
  return async (properties) => {
    const since = clock.now()
    try {
      return await assume(properties)
    } catch (error) {
      const isWorthwhile =
        error instanceof Error && ((await own.areRenewedAfter(error, since)) || isSkewCorrected(error))
      if (!isWorthwhile) throw error
    }
    return assume(properties)
  }
}
