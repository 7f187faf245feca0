/** What an operator is told who has set no region or no credentials, and how either is set. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { closeServer, listen, urlOf } from '../../../src/lab/ec2/http.ts'
import { environmentFor, runProgram } from '../../support/cli.ts'
import { endpoint, startEndpointForEachTest } from '../../support/endpoint.ts'
import { claimBoth, writeOnlookerConfig } from '../../support/onlooker.ts'

startEndpointForEachTest()

const LOOPBACK = { host: '127.0.0.1', port: 0 }
const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** An instance metadata service that cuts every connection; how often it was asked for a token. */
let server: Server
let tokens = 0
beforeAll(async () => {
  server = await listen((request, response) => {
    if (request.method === 'PUT') tokens += 1
    response.destroy()
  }, LOOPBACK)
})
beforeEach(() => {
  tokens = 0
})
afterAll(() => closeServer(server))

const COMMANDS = [
  ['list'],
  ['status', 'VI_1'],
  ['check'],
  ['switch', 'VI_1', '--to', 'db-2', '-f'],
  ['pin', 'VI_1', '--to', 'db-2', '--for', '30m', '-f'],
  ['unpin', 'VI_1'],
  ['doctor'],
  ['reconcile', '--once'],
]

async function run(values: readonly string[], env: NodeJS.ProcessEnv) {
  const config = values[0] === 'reconcile' ? inThisConfig() : writeOnlookerConfig()
  const rest = { AWS_EC2_METADATA_SERVICE_ENDPOINT: urlOf(LOOPBACK.host, server), ...env }
  const { exitCode, stdout, stderr } = await runProgram([...values, '--config', config], environmentFor(endpoint, rest))
  return { exitCode, text: (stdout + stderr).replace(/\s+/g, ' ') }
}

/** A config that names the ENI, so that only the region is missing. */
function inThisConfig(): string {
  const path = join(directory, 'node.yaml')
  const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [{ name: 'private-a' }] } }
  writeFileSync(path, JSON.stringify({ cluster: 'db', eni: 'eni-0a1b2c3d', instances }))
  return path
}

describe.each(COMMANDS)('%s %s', (...values) => {
  test('without a region says at once how to set one', async () => {
    for (const region of [undefined, '']) {
      tokens = 0
      const { exitCode, text } = await run(values, { AWS_REGION: region })
      expect(text).toMatch(
        /no AWS region is set, and no instance metadata service \(IMDS\) tells one: ECONNRESET: .* set AWS_REGION, --region or region: in the config/,
      )
      expect(text).not.toContain('deadline')
      expect(exitCode).not.toBe(0)
      // The doctor also asks whether this is an instance.
      expect(tokens).toBe(values[0] === 'doctor' ? 2 : 1)
    }
  })

  test('without credentials says at once how to get some', async () => {
    const { exitCode, text } = await run(values, { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })
    expect(text).toContain('CredentialsProviderError: no AWS credentials found')
    expect(text).toContain('set AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID; on an instance, attach an IAM role to it')
    expect(text).not.toMatch(/deadline|trying again/)
    expect(exitCode).not.toBe(0)
  })
})

describe('--region', () => {
  test('outranks the config’s and the environment’s', async () => {
    const path = join(directory, 'region.yaml')
    const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [{ name: 'private-a' }] } }
    writeFileSync(path, JSON.stringify({ cluster: 'db', region: 'us-east-1', instances }))
    const regionOf = async (...flags: string[]) => {
      const env = environmentFor(endpoint, { AWS_REGION: 'us-east-2', VIP_SWITCH_CONFIG: path })
      return JSON.parse((await runProgram(['list', '--json', ...flags], env)).stdout).region
    }
    expect(await regionOf()).toBe('us-east-1')
    expect(await regionOf('--region', 'eu-west-1')).toBe('eu-west-1')
  })

  test('must look like one', async () => {
    const { exitCode, stderr } = await runProgram(['list', '--region', 'Tokyo'], environmentFor(endpoint))
    expect(exitCode).toBe(2)
    expect(stderr).toContain('It must be an AWS region, such as ap-northeast-1.')
    expect(endpoint.requests).toEqual([])
  })
})

describe('--profile', () => {
  function writeProfiles(): NodeJS.ProcessEnv {
    const path = join(directory, 'aws-config')
    const keys = 'aws_access_key_id = other\naws_secret_access_key = other\n'
    writeFileSync(path, `[profile ops]\nregion = eu-west-1\n${keys}[sso-session corp]\nsso_region = eu-west-1\n`)
    return { AWS_CONFIG_FILE: path }
  }

  test('gives credentials and region, also where the environment has keys', async () => {
    claimBoth()
    const env = environmentFor(endpoint, { ...writeProfiles(), AWS_REGION: undefined })
    const { exitCode, stdout, stderr } = await runProgram(
      ['status', '--json', '--profile', 'ops', '--config', writeOnlookerConfig()],
      env,
    )
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout).region).toBe('eu-west-1')
    expect(endpoint.requests.map(({ key }) => key)).toEqual(endpoint.requests.map(() => 'other'))
  })

  test('that does not exist is named, with those that do', async () => {
    const { exitCode, text } = await run(['list', '--profile', 'opps'], { ...writeProfiles(), AWS_REGION: undefined })
    expect(exitCode).toBe(1)
    expect(text).toContain('the AWS config files have no profile "opps" (they have ops)')
    const { text: again } = await run(['list', '--profile', 'opps'], writeProfiles())
    expect(again).toContain('the AWS config files have no profile "opps" (they have ops)')
  })
})

test('an empty VIP_SWITCH_CONFIG is none', async () => {
  const env = environmentFor(endpoint, { VIP_SWITCH_CONFIG: '' })
  const { stderr } = await runProgram(['status'], env)
  expect(stderr).toMatch(/cannot read the config: .*\/etc\/vip-switch\/config\.yaml/)
})
