/** Credentials that are refused are fetched anew, from wherever they came, and the call goes again at once. */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Ec2, openEc2, regionOfEnvironment } from '../../../../src/adapters/ec2/client.ts'
import { writeRoute } from '../../../../src/adapters/ec2/operations/routes.ts'
import { readTables } from '../../../../src/adapters/ec2/operations/tables.ts'
import type { Refusal } from '../../../../src/adapters/ec2/transport/refusals.ts'
import { retryWithLogging } from '../../../../src/agent/node/route-port.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { ApiError } from '../../../../src/lab/ec2/errors.ts'
import { closeServer, listen, urlOf } from '../../../../src/lab/ec2/http.ts'
import { type Clock, systemClock } from '../../../../src/platform/clock.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import { environmentFor, logLines, runProgram } from '../../../support/cli.ts'
import { createDaemon, inDirectory, statusOnSocket, tellMaster, writeDaemonConfig } from '../../../support/daemon.ts'
import { directory, endpoint, interceptWith, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eni, rtb, silentLog } from '../../../support/fixtures.ts'
import { both, byIds, eniOf, hook, idOf, MASTER, targets } from '../../../support/node.ts'

startEndpointForEachTest()

const ROLE = 'arn:aws:iam::123456789012:role/route-owner'
const { signal } = new AbortController()
const NO_KEYS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }

type Opened = { readonly ec2: Ec2; readonly refusals: Refusal[] }

async function open(env: NodeJS.ProcessEnv, assumeRole?: string, clock: Clock = systemClock): Promise<Opened> {
  for (const [name, value] of Object.entries({ ...environmentFor(endpoint), ...env })) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const refusals: Refusal[] = []
  const onRefusal = (refusal: Refusal) => void refusals.push(refusal)
  return { ec2: await openEc2({ assumeRole, clock, onWait: () => {}, onRefusal }), refusals }
}

const read = ({ ec2 }: Opened) => readTables(ec2, 'all', signal)
const write = ({ ec2 }: Opened, permit = () => {}, vip = '10.99.0.10') => {
  const key = { table: rtb(idOf('private-a', 'rtb-')), vip: parseVip(vip) }
  const hedging = { signal, clock: systemClock, permit, beforeHedge: () => {} }
  return writeRoute(ec2, key, eni(eniOf('db-2')), true, 'edge', hedging)
}

/** Of the last call, or of the last of that action. */
const lastKey = (action?: string) =>
  endpoint.requests.findLast((each) => action === undefined || each.action === action)?.key
const count = (action: string) => endpoint.requests.filter((each) => each.action === action).length

function revokeLast(code = 'ExpiredToken', action?: string): void {
  const key = lastKey(action)
  if (key === undefined) throw new Error('nothing was signed')
  endpoint.region.revoked.set(key, code)
}

/** The environment of a profile, whose file and directory are the test's own. */
function writeProfile(lines: string, name: 'credentials' | 'config' = 'credentials'): NodeJS.ProcessEnv {
  writeFileSync(join(directory, name), lines)
  return {
    ...NO_KEYS,
    HOME: directory,
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
    AWS_CONFIG_FILE: join(directory, 'config'),
  }
}
const keys = (id: string, profile = 'default') =>
  `[${profile}]\naws_access_key_id = ${id}\naws_secret_access_key = secret-of-${id}\n`

describe('refused credentials are fetched anew', () => {
  test('of an assumed role: it is assumed again, and the call goes again', async () => {
    const opened = await open({}, ROLE)
    await read(opened)
    revokeLast()
    expect(await read(opened)).not.toEqual([])
    expect(await write(opened)).toBe('replaced')
    expect(endpoint.requests.map(({ action, error }) => error ?? action)).toEqual([
      'AssumeRole',
      'DescribeRouteTables',
      'ExpiredToken',
      'AssumeRole',
      'DescribeRouteTables',
      'ReplaceRoute',
    ])
    expect(opened.refusals).toEqual([{ code: 'ExpiredToken' }])
  })

  test('and those with which it is assumed, where STS refuses these', async () => {
    const opened = await open(writeProfile(keys('old')), ROLE)
    await read(opened)
    writeProfile(keys('new'))
    revokeLast('RequestExpired')
    endpoint.region.revoked.set('old', 'InvalidClientTokenId')
    await read(opened)
    expect(endpoint.requests.slice(2).map(({ action, error }) => error ?? action)).toEqual([
      'RequestExpired',
      'InvalidClientTokenId',
      'AssumeRole',
      'DescribeRouteTables',
    ])
    expect(lastKey('AssumeRole')).toBe('new')
    expect(opened.refusals).toEqual([{ code: 'InvalidClientTokenId' }, { code: 'RequestExpired' }])
  })

  test.each(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'InvalidClientTokenId', 'AuthFailure'])(
    'of a shared file that was rewritten, after %s',
    async (code) => {
      const opened = await open(writeProfile(keys('old')))
      await read(opened)
      writeProfile(keys('new'))
      revokeLast(code)
      await read(opened)
      expect(endpoint.requests.map(({ key, error }) => [key, error])).toEqual([
        ['old', undefined],
        ['old', code],
        ['new', undefined],
      ])
      expect(opened.refusals).toEqual([{ code }])
    },
  )

  test('of the instance', async () => {
    const { url } = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
    const opened = await open({ ...NO_KEYS, AWS_EC2_METADATA_SERVICE_ENDPOINT: url })
    await read(opened)
    revokeLast()
    const revoked = lastKey()
    await write(opened)
    expect(lastKey()).not.toBe(revoked)
    expect(lastKey()).toMatch(/^ASIA/)
  })

  test('of a program', async () => {
    const script = join(directory, 'process.sh')
    const answer = '{"Version":1,"AccessKeyId":"key-%s","SecretAccessKey":"s","SessionToken":"t"}'
    writeFileSync(script, `#!/bin/sh\necho >>${directory}/runs\nprintf '${answer}' "$(wc -l <${directory}/runs)"\n`)
    chmodSync(script, 0o755)
    const opened = await open(writeProfile(`[default]\ncredential_process = ${script}\n`, 'config'))
    await read(opened)
    revokeLast()
    await read(opened)
    expect(endpoint.requests.map(({ key }) => key)).toEqual(['key-1', 'key-1', 'key-2'])
  })

  test('of IAM Identity Center', async () => {
    let asked = 0
    const portal = await listen(
      (_, response) => {
        asked += 1
        const roleCredentials = {
          accessKeyId: `sso-${asked}`,
          secretAccessKey: 's',
          sessionToken: 't',
          expiration: Date.now() + 3_600_000,
        }
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ roleCredentials }))
      },
      { host: '127.0.0.1', port: 0 },
    )
    onTestFinished(() => closeServer(portal))
    const start = 'https://example.awsapps.com/start'
    mkdirSync(join(directory, '.aws/sso/cache'), { recursive: true })
    const token = {
      accessToken: 'token',
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      region: 'eu-west-1',
      startUrl: start,
    }
    writeFileSync(
      join(directory, '.aws/sso/cache', `${createHash('sha1').update(start).digest('hex')}.json`),
      JSON.stringify(token),
    )
    const profile = `[default]\nsso_start_url = ${start}\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = operator\n`
    const opened = await open({ ...writeProfile(profile, 'config'), AWS_ENDPOINT_URL_SSO: urlOf('127.0.0.1', portal) })
    await read(opened)
    revokeLast()
    await read(opened)
    expect(endpoint.requests.map(({ key }) => key)).toEqual(['sso-1', 'sso-1', 'sso-2'])
  })
})

test('credentials whose file comes after the start are found', async () => {
  const opened = await open(writeProfile(''))
  await expect(read(opened)).rejects.toMatchObject({ code: 'CredentialsProviderError', class: 'retry' })
  writeProfile(keys('late'))
  await retryWithLogging(() => read(opened), { permit: () => {}, signal, clock: systemClock, log: silentLog })
  expect(lastKey()).toBe('late')
})

test('and so is a region', async () => {
  for (const [name, value] of Object.entries({ ...writeProfile(''), AWS_REGION: undefined })) vi.stubEnv(name, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await regionOfEnvironment()).toBeUndefined()
  writeProfile('[default]\nregion = eu-south-2\n', 'config')
  await expect.poll(regionOfEnvironment).toBe('eu-south-2')
})

describe('at most once', () => {
  test('for all calls of a burst that were refused', async () => {
    const opened = await open({}, ROLE)
    await read(opened)
    revokeLast()
    await Promise.all(Array.from({ length: 20 }, (_, index) => write(opened, undefined, `10.99.1.${index}`)))
    expect(count('AssumeRole')).toBe(2)
    expect(opened.refusals).toHaveLength(1)
  })

  test('for a call: what refuses the fresh ones, too, has given its verdict', async () => {
    const opened = await open(writeProfile(keys('wrong')))
    endpoint.region.revoked.set('wrong', 'AuthFailure')
    await expect(write(opened)).rejects.toMatchObject({ code: 'AuthFailure', class: 'denied' })
    expect(endpoint.requests).toHaveLength(2)
    // And those are known to be as fresh as they get.
    await expect(write(opened)).rejects.toMatchObject({ code: 'AuthFailure', class: 'denied' })
    expect(endpoint.requests).toHaveLength(3)
    expect(opened.refusals).toHaveLength(1)
  })

  test('a second, for as long as a session stays expired', async () => {
    let now = 0
    const clock: Clock = { ...systemClock, now: () => now }
    const opened = await open({}, ROLE, clock)
    interceptWith(({ action }) => {
      now += 100
      if (action !== 'AssumeRole') throw new ApiError('ExpiredToken', 'expired')
    })
    const calls = 20
    for (let call = 0; call < calls; call++) {
      await expect(read(opened)).rejects.toMatchObject({ code: 'ExpiredToken', class: 'retry' })
    }
    expect(opened.refusals.length).toBeGreaterThan(1)
    expect(opened.refusals.length).toBeLessThanOrEqual(Math.ceil(now / 1000))
  })
})

test('what cannot be renewed at the moment may be tried again', async () => {
  const opened = await open({}, ROLE)
  await read(opened)
  revokeLast()
  interceptWith(({ action }) => {
    if (action === 'AssumeRole') throw new ApiError('ServiceUnavailable', 'not now', 503)
  })
  await expect(read(opened)).rejects.toMatchObject({ code: 'ServiceUnavailable', class: 'retry' })
  interceptWith(() => {})
  expect(await read(opened)).not.toEqual([])
})

describe('of the environment', () => {
  test('expired ones stay so: it ends at once, and says what to do', async () => {
    const opened = await open({ AWS_SESSION_TOKEN: 'over' })
    endpoint.region.revoked.set('lab', 'ExpiredToken')
    const error: unknown = await retryWithLogging(() => read(opened), {
      permit: () => {},
      signal,
      clock: systemClock,
      log: silentLog,
    }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Failure)
    expect(error).toMatchObject({
      message: expect.stringContaining('EC2 answered ExpiredToken'),
      hint: expect.stringMatching(/log in again.*AWS_SESSION_TOKEN/),
    })
    expect(endpoint.requests).toHaveLength(1)
    expect(opened.refusals).toEqual([])
  })

  test('and where a role is to be assumed with them', async () => {
    const opened = await open({}, ROLE)
    endpoint.region.revoked.set('lab', 'ExpiredToken')
    await expect(
      retryWithLogging(() => read(opened), { permit: () => {}, signal, clock: systemClock, log: silentLog }),
    ).rejects.toMatchObject({
      hint: expect.stringMatching(/log in again.*AWS_SESSION_TOKEN/),
    })
    expect(endpoint.requests).toHaveLength(1)
  })
})

describe('a write whose credentials are renewed', () => {
  test('is not sent again where it is no longer wanted', async () => {
    const opened = await open({}, ROLE)
    await read(opened)
    revokeLast()
    const superseded = new Failure('superseded', 'a newer event is recorded')
    const permit = () => {
      throw superseded
    }
    await expect(write(opened, permit)).rejects.toBe(superseded)
    expect(count('ReplaceRoute')).toBe(1)
  })
})

describe('a clock that is off', () => {
  const real = () => performance.timeOrigin + performance.now()
  const HOUR = 3_600_000

  /** The endpoint takes no signature of another time, as AWS does; this process has the time of `off` milliseconds later. */
  function setClockOff(off: number, code: string): void {
    vi.useFakeTimers({ toFake: ['Date'], now: real() + off })
    onTestFinished(() => void vi.useRealTimers())
    interceptWith(({ signedAt = 0 }) => {
      if (Math.abs(signedAt - real()) > 300_000) throw new ApiError(code, 'Signature expired')
    })
  }

  test.each([
    ['EC2', undefined, -2 * HOUR, 'RequestExpired'],
    ['EC2', undefined, 2 * HOUR, 'AuthFailure'],
    ['STS', ROLE, -2 * HOUR, 'SignatureDoesNotMatch'],
  ])('is corrected by what %s answers, and said once', async (_, assumeRole, off, code) => {
    const opened = await open({}, assumeRole)
    setClockOff(off, code)
    await read(opened)
    const errors = endpoint.requests.map(({ error }) => error).filter(Boolean)
    expect(new Set(errors)).toEqual(new Set([code]))
    const before = endpoint.requests.length
    await read(opened)
    expect(endpoint.requests).toHaveLength(before + 1)
    expect(opened.refusals).toEqual([{ code, clockBehindMs: expect.closeTo(-off, -4) }])
  })
})

describe('told to people', () => {
  test('a hook whose credentials are refused moves its routes all the same, and logs why it asked twice', async () => {
    const { url } = await endpoint.startMetadata({ instanceId: idOf('db-2', 'i-') })
    interceptWith(({ action, key = '' }) => {
      if (action === 'ReplaceRoute' && endpoint.region.revoked.size === 0)
        endpoint.region.revoked.set(key, 'RequestExpired')
    })
    const run = await hook('db-2', MASTER, {
      instance: byIds(),
      env: { ...NO_KEYS, AWS_EC2_METADATA_SERVICE_ENDPOINT: url },
    })
    expect(run.exitCode).toBe(0)
    expect(targets()).toEqual(both(eniOf('db-2')))
    const messages = logLines(run).map(({ msg }) => msg)
    expect(
      messages.filter((msg) => msg === 'RequestExpired: the credentials were refused; fetching them again'),
    ).toHaveLength(1)
    expect(run.stderr).not.toContain('trying again')
  })

  test('a switch moves every table', async () => {
    const path = writeDaemonConfig({ assumeRole: ROLE })
    interceptWith(({ action, key = '' }) => {
      if (action === 'ReplaceRoute' && endpoint.region.revoked.size === 0)
        endpoint.region.revoked.set(key, 'ExpiredToken')
    })
    const run = await runProgram(['switch', '--config', path, 'VI_1', '--to', 'db-2', '-f'], environmentFor(endpoint))
    expect(run).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 done') })
    expect(targets()).toEqual(both(eniOf('db-2')))
  })

  test('a daemon counts it, and its reads and writes succeed', async () => {
    const daemon = createDaemon(writeDaemonConfig({ assumeRole: ROLE, interval: '1s' }))
    await daemon.start()
    tellMaster()
    await vi.waitFor(() => expect(targets()).toEqual(both(eniOf('db-1'))), 5000)
    await vi.waitFor(async () => expect((await statusOnSocket()).instances[0]?.edge).toBe(false), 10_000)
    revokeLast('ExpiredToken', 'DescribeRouteTables')
    await vi.waitFor(async () => expect((await statusOnSocket()).credentialRenewals).toBe(1), 10_000)
    const status = await statusOnSocket()
    expect(status.instances[0]?.counters).toMatchObject({ readsFailed: 0, publishesFailed: 0 })
    const metrics = ['metrics', '--format', 'prometheus', '--config', inDirectory('config.yaml')]
    const { stdout } = await runProgram(metrics, environmentFor(endpoint))
    expect(stdout).toContain('vip_switch_credential_renewals_total{cluster="db"} 1')
  }, 30_000)
})
