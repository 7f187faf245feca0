/**
 * Settings of AWS's SDKs and tools that we do not honour (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html).
 * docs/aws-settings.md lists them with all others.
 */
import { loadSharedConfigFiles } from '@smithy/core/config'

type Setting = {
  /** In the environment. */
  readonly variable?: string
  /** In a profile. */
  readonly key?: string
  /** What happens instead, or what to set instead. */
  readonly instead: string
  /** Whether ignoring it may keep EC2 out of reach. */
  readonly matters?: true
  /** A value that is what happens anyway. */
  readonly kept?: string
}

const RETRIES = 'calls are retried for as long as they are wanted'
const IMDS_TIMES = 'IMDS has a second for each answer'

export const IGNORED: readonly Setting[] = [
  { variable: 'AWS_MAX_ATTEMPTS', key: 'max_attempts', instead: RETRIES },
  { variable: 'AWS_RETRY_MODE', key: 'retry_mode', instead: RETRIES },
  { variable: 'AWS_DEFAULTS_MODE', key: 'defaults_mode', instead: 'retries and timeouts are fixed' },
  {
    variable: 'AWS_STS_REGIONAL_ENDPOINTS',
    key: 'sts_regional_endpoints',
    instead: 'STS is asked in the region',
    kept: 'regional',
  },
  { variable: 'AWS_METADATA_SERVICE_TIMEOUT', key: 'metadata_service_timeout', instead: IMDS_TIMES },
  { variable: 'AWS_METADATA_SERVICE_NUM_ATTEMPTS', key: 'metadata_service_num_attempts', instead: IMDS_TIMES },
  { key: 'ec2_metadata_service_endpoint', instead: 'set AWS_EC2_METADATA_SERVICE_ENDPOINT', matters: true },
  { key: 'ec2_metadata_service_endpoint_mode', instead: 'set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE', matters: true },
  { key: 'ca_bundle', instead: 'set AWS_CA_BUNDLE', matters: true },
  { variable: 'ALL_PROXY', instead: 'set HTTPS_PROXY', matters: true },
]

/** A setting that is there, and ignored. Its value is not told: it may be a secret. */
export type IgnoredSetting = {
  readonly name: string
  readonly instead: string
  readonly matters: boolean
}

/** Those that are set in the environment or in the profile in use. */
export async function ignoredSettings(env: NodeJS.ProcessEnv = process.env): Promise<IgnoredSetting[]> {
  const { configFile } = await loadSharedConfigFiles()
  const name = env.AWS_PROFILE || 'default'
  const profile = configFile[name] ?? {}
  return IGNORED.flatMap(({ variable, key, instead, matters = false, kept }) => {
    const isSet = (value: string | undefined) => Boolean(value) && value?.toLowerCase() !== kept
    const inEnvironment = variable && (isSet(env[variable]) || (variable === 'ALL_PROXY' && isSet(env.all_proxy)))
    if (inEnvironment) return [{ name: variable, instead, matters }]
    return key && isSet(profile[key]) ? [{ name: `${key} of the profile ${name}`, instead, matters }] : []
  })
}
