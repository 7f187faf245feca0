/** Which settings of AWS's tools are honoured: the SDK's own are tried on its client. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { loadSharedConfigFiles } from '@smithy/core/config'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { regionOfEnvironment } from '../../../../src/adapters/ec2/client.ts'
import { IGNORED, ignoredSettings } from '../../../../src/adapters/ec2/ignored-settings.ts'
import { regionOfThisInstance } from '../../../../src/adapters/ec2/instance-metadata.ts'
import { judgeSettings } from '../../../../src/commands/doctor/checks/aws-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
const profile = join(directory, 'config')
afterAll(() => rmSync(directory, { recursive: true }))

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/^AWS_(?!SDK_JS)/.test(name)) vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_CONFIG_FILE', profile)
  writeFileSync(profile, '')
})
afterEach(() => vi.unstubAllEnvs())

async function useProfile(text: string): Promise<void> {
  writeFileSync(profile, text)
  await loadSharedConfigFiles({ ignoreCache: true })
}

/** The URL and the user agent of a call that is not sent. */
async function callOf(): Promise<{ url: string; agent: string }> {
  const seen = { url: '', agent: '' }
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new EC2Client({ region: 'eu-west-1', maxAttempts: 1, credentials })
  client.middlewareStack.add(
    () => (args) => {
      const request: unknown = args.request
      const { protocol, hostname, headers } = Object(request)
      seen.url = `${protocol}//${hostname}`
      seen.agent = Object.values(Object(headers)).join(' ')
      throw new Error('not sent')
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  await expect(client.send(new DescribeVpcsCommand({}))).rejects.toThrow('not sent')
  return seen
}

describe('honoured', () => {
  test.each([
    [{}, '', 'https://ec2.eu-west-1.amazonaws.com'],
    [{ AWS_USE_FIPS_ENDPOINT: 'true' }, '', 'https://ec2-fips.eu-west-1.amazonaws.com'],
    [{}, '[default]\nuse_fips_endpoint = true\n', 'https://ec2-fips.eu-west-1.amazonaws.com'],
    [{ AWS_USE_DUALSTACK_ENDPOINT: 'true' }, '', 'https://ec2.eu-west-1.api.aws'],
    [{ AWS_ENDPOINT_URL: 'https://all.test' }, '', 'https://all.test'],
    [{ AWS_ENDPOINT_URL: 'https://all.test', AWS_ENDPOINT_URL_EC2: 'https://one.test' }, '', 'https://one.test'],
    [
      { AWS_ENDPOINT_URL: 'https://all.test', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      '',
      'https://ec2.eu-west-1.amazonaws.com',
    ],
    [{ AWS_PROFILE: 'mine' }, '[profile mine]\nendpoint_url = https://mine.test\n', 'https://mine.test'],
    [{}, '[default]\nservices = s\n[services s]\nec2 =\n  endpoint_url = https://s.test\n', 'https://s.test'],
  ])('%j with the profile %j leads to %s', async (env, text, url) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    await useProfile(text)
    expect((await callOf()).url).toBe(url)
  })

  test('AWS_SDK_UA_APP_ID', async () => {
    vi.stubEnv('AWS_SDK_UA_APP_ID', 'my-app')
    expect((await callOf()).agent).toContain('app/my-app')
  })

  test('the region of AWS_REGION, then of AWS_DEFAULT_REGION, then of the profile', async () => {
    await useProfile('[default]\nregion = eu-west-3\n')
    expect(await regionOfEnvironment()).toBe('eu-west-3')
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-west-2')
    expect(await regionOfEnvironment()).toBe('eu-west-2')
    vi.stubEnv('AWS_REGION', 'eu-west-1')
    expect(await regionOfEnvironment()).toBe('eu-west-1')
    vi.stubEnv('AWS_REGION', '')
    expect(await regionOfEnvironment()).toBe('eu-west-2')
  })

  test('AWS_EC2_METADATA_DISABLED', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'TRUE')
    await expect(regionOfThisInstance()).rejects.toMatchObject({
      message: 'IMDS may not be asked: AWS_EC2_METADATA_DISABLED is set',
      hint: 'set region and eni in the config; or unset it',
    })
  })
})

describe('not honoured', () => {
  test('is what the doctor names, without its value', async () => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', '7')
    vi.stubEnv('AWS_STS_REGIONAL_ENDPOINTS', 'regional')
    vi.stubEnv('all_proxy', 'http://me:secret@proxy.test:3128')
    await useProfile('[default]\nca_bundle = /x.pem\n[profile other]\nretry_mode = standard\n')
    const ignored = await ignoredSettings()
    expect(ignored.map(({ name }) => name)).toEqual([
      'AWS_MAX_ATTEMPTS',
      'ca_bundle of the profile default',
      'ALL_PROXY',
    ])
    expect(judgeSettings(ignored)).toMatchObject([
      { verdict: 'ok', found: 'AWS_MAX_ATTEMPTS is ignored: calls are retried for as long as they are wanted' },
      { verdict: 'warn', found: 'ca_bundle of the profile default is ignored', mend: { advice: 'set AWS_CA_BUNDLE' } },
      { verdict: 'warn', found: 'ALL_PROXY is ignored', mend: { advice: 'set HTTPS_PROXY' } },
    ])
    expect(JSON.stringify(judgeSettings(ignored))).not.toContain('secret')
  })

  test('is nothing where nothing is set', async () => {
    await useProfile('')
    expect(judgeSettings(await ignoredSettings())).toEqual([])
  })

  test('is all in the documentation', () => {
    const page = readFileSync('docs/aws-settings.md', 'utf8').split('## Not honoured')[1]
    for (const { variable, key } of IGNORED) {
      for (const name of [variable, key]) if (name) expect(page).toContain(`\`${name}\``)
    }
  })
})
