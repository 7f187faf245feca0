/** The classes of errors, as the SDK throws them; the real answers are the contract tests' business. */
import { CreateRouteCommand, EC2Client, EC2ServiceException, ReplaceRouteCommand } from '@aws-sdk/client-ec2'
import { mockClient } from 'aws-sdk-client-mock'
import { beforeEach, describe, expect, test } from 'vitest'
import { Credentials } from '../../../../src/adapters/ec2/credentials.ts'
import { Ec2Error, type ErrorClass, isThrottle, isVerdict } from '../../../../src/adapters/ec2/errors.ts'
import { rehearseWrite, writeRoute } from '../../../../src/adapters/ec2/operations/routes.ts'
import { openBudget } from '../../../../src/adapters/ec2/transport/budget.ts'
import { openConnections } from '../../../../src/adapters/ec2/transport/connections.ts'
import { retry } from '../../../../src/adapters/ec2/transport/retry.ts'
import { parseVip } from '../../../../src/core/vip.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { Failure } from '../../../../src/platform/errors.ts'
import { eni, jumpingClock, rtb } from '../../../support/fixtures.ts'

const client = new EC2Client({ region: 'ap-northeast-1' })
const mock = mockClient(client)
const budget = openBudget({ clock: jumpingClock(), onWait: () => {} })
const connections = openConnections({ clock: systemClock, connectTimeoutMs: 1000 })
const credentials = new Credentials(client.config.credentials, {
  clock: systemClock,
  onRefusal: () => {},
  areFixed: true,
})
const ec2 = { region: 'ap-northeast-1', routes: client, own: client, credentials, budget, connections }
const KEY = { table: rtb('rtb-0a'), vip: parseVip('10.99.0.10') }
const ENI = eni('eni-0a')
const signal = new AbortController().signal
const hedging = { signal, clock: systemClock, permit: () => {}, beforeHedge: () => {} }

function answer(name: string, message = 'said EC2', httpStatusCode = 400): Error {
  const $metadata = { httpStatusCode, requestId: '6f3b-1' }
  return new EC2ServiceException({ name, message, $fault: 'client', $metadata })
}
const noSuchRoute = answer(
  'InvalidParameterValue',
  "There is no route defined for '10.99.0.10/32' in the route table. Use CreateRoute instead.",
)
const networkError = (code: string) => Object.assign(new Error(`connect ${code}`), { code })

beforeEach(() => mock.reset())

describe('the class of an error', () => {
  test.each<[Error, ErrorClass]>([
    [answer('RequestLimitExceeded', '', 503), 'throttle'],
    [answer('InternalError', '', 500), 'retry'],
    [answer('Unavailable', '', 503), 'retry'],
    [answer('SomethingNew', '', 502), 'retry'],
    [answer('SomethingNew', '', 400), 'fatal'],
    [answer('RouteAlreadyExists'), 'retry'],
    [answer('InvalidRoute.NotFound'), 'create-instead'],
    [noSuchRoute, 'create-instead'],
    [answer('InvalidParameterValue', 'Route table rtb-0a and interface eni-0a belong to different networks'), 'fatal'],
    [answer('InvalidRouteTableID.NotFound'), 'fatal'],
    [answer('InvalidNetworkInterfaceID.NotFound'), 'fatal'],
    [answer('UnauthorizedOperation', '', 403), 'denied'],
    [answer('AuthFailure', '', 401), 'denied'],
    [answer('InvalidClientTokenId', '', 403), 'denied'],
    [answer('DryRunOperation', '', 412), 'permitted'],
    [answer('ExpiredToken'), 'retry'],
    [answer('ExpiredTokenException'), 'retry'],
    [answer('RequestExpired'), 'retry'],
    [networkError('ECONNREFUSED'), 'retry'],
    [networkError('ECONNRESET'), 'retry'],
    [networkError('EHOSTUNREACH'), 'retry'],
    [Object.assign(new Error('timed out'), { name: 'TimeoutError' }), 'retry'],
    [Object.assign(new Error('no credentials'), { name: 'CredentialsProviderError' }), 'retry'],
    // Codes that no table lists: of TLS, of HTTP, of the system.
    [networkError('EPROTO'), 'retry'],
    [networkError('HPE_INVALID_CONSTANT'), 'retry'],
    [networkError('ERR_SSL_TLSV1_UNRECOGNIZED_NAME'), 'retry'],
    [networkError('ENOBUFS'), 'retry'],
    [new TypeError('a bug'), 'fatal'],
    [Object.assign(new TypeError('a bug'), { code: 'ERR_INVALID_ARG_TYPE' }), 'fatal'],
  ])('%s is %s', (error, errorClass) => {
    expect(new Ec2Error('ReplaceRoute', error).class).toBe(errorClass)
  })

  test.each<[Error, boolean]>([
    [answer('UnauthorizedOperation', '', 403), true],
    [noSuchRoute, true],
    [answer('RouteAlreadyExists'), true],
    [new TypeError('a bug'), true],
    [answer('RequestLimitExceeded', '', 503), false],
    [answer('InternalError', '', 500), false],
    [networkError('ECONNRESET'), false],
    [Object.assign(new Error('timed out'), { name: 'TimeoutError' }), false],
  ])('%s is a verdict: %s', (error, is) => {
    expect(isVerdict(new Ec2Error('ReplaceRoute', error))).toBe(is)
  })

  test('an error says what was tried, what EC2 answered, and what to do', () => {
    const error = new Ec2Error('ReplaceRoute 10.99.0.10/32 in rtb-0a to eni-0a', answer('UnauthorizedOperation', 'no'))
    expect(error.message).toBe(
      'ReplaceRoute 10.99.0.10/32 in rtb-0a to eni-0a: EC2 answered UnauthorizedOperation (request 6f3b-1): no',
    )
    expect(error.hint).toContain('IAM policy')
  })

  test.each<[Error, RegExp]>([
    [answer('RequestLimitExceeded', '', 503), /calls this action too often .*: find the caller/],
    [answer('SomethingNew', '', 502), /AWS Health/],
    [answer('SomethingNew', '', 400), /request was rejected: .*errors-overview/],
    [answer('UnauthorizedOperation', '', 403), /lacks a permission: .*vip-switch iam-policy/],
    [answer('RequestExpired'), /clock .*timedatectl/],
    [answer('SignatureDoesNotMatch', '', 403), /rejects the credentials: .*clock/],
    [answer('UnrecognizedClientException'), /rejects the credentials/],
    [answer('OptInRequired', '', 403), /region is not enabled/],
    [answer('RouteLimitExceeded'), /full: .*quota/],
    [networkError('ENOTFOUND'), /region and DNS/],
  ])('%s is explained, with what to do', (error, hint) => {
    expect(new Ec2Error('ReplaceRoute', error).hint).toMatch(hint)
  })

  test.each(['\u001b[2J', 'not a code', '', 'x'.repeat(200)])(
    'what does not look like a code, %j, is not shown as one',
    (name) => {
      const error = new Ec2Error('ReplaceRoute', answer(name))
      expect(error.code).toBe('Unknown')
      expect(error.message).toBe('ReplaceRoute: EC2 answered Unknown (request 6f3b-1): said EC2')
    },
  )

  test('what is no answer is not explained as one', () => {
    expect(new Ec2Error('ReplaceRoute', new TypeError('a bug')).hint).toBeUndefined()
    expect(new Ec2Error('ReplaceRoute', new TypeError('a bug'), 'report it').hint).toBe('report it')
  })

  test('a call that the deadline cuts off says which one, and what to look at', async () => {
    const controller = new AbortController()
    mock.on(ReplaceRouteCommand).callsFake(() => {
      setImmediate(() => controller.abort(new Failure('failed', 'the deadline of 5 s has passed')))
      return new Promise(() => {})
    })
    await expect(
      writeRoute(ec2, KEY, ENI, true, 'edge', { ...hedging, signal: controller.signal }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/^the deadline of 5 s has passed; last attempt, ReplaceRoute .*: not answered$/),
      hint: expect.stringContaining('no answer'),
    })
  })

  test('a denial ends with its reason, and not with what EC2 encodes', () => {
    const reason = 'User: u is not authorized to perform: ec2:CreateTags because no identity-based policy allows it'
    const text = `${reason}. Encoded authorization failure message: VbdJrM7j1Czq6HEj_1lZ-pn`
    const error = new Ec2Error('CreateTags', answer('UnauthorizedOperation', text, 403))
    expect(error.message).toMatch(/because no identity-based policy allows it$/)
  })
})

test('what was throttled is told from what failed, also where it is the cause', () => {
  const throttled = new Ec2Error('DescribeRouteTables', answer('RequestLimitExceeded', 'slow down', 503))
  expect(isThrottle(throttled)).toBe(true)
  expect(isThrottle(new Failure('failed', 'stopped', { cause: throttled }))).toBe(true)
  expect(isThrottle(new Ec2Error('DescribeRouteTables', answer('InternalError', 'broken', 500)))).toBe(false)
  expect(isThrottle(new Failure('config', 'no route table matches'))).toBe(false)
})

describe('writeRoute', () => {
  test('replaces, and creates only where EC2 says that there is none', async () => {
    mock.on(ReplaceRouteCommand).resolvesOnce({}).rejects(noSuchRoute).on(CreateRouteCommand).resolves({})
    expect(await writeRoute(ec2, KEY, ENI, true, 'edge', hedging)).toBe('replaced')
    expect(mock.commandCalls(CreateRouteCommand)).toHaveLength(0)
    expect(await writeRoute(ec2, KEY, ENI, true, 'edge', hedging)).toBe('created')
    expect(mock.commandCalls(CreateRouteCommand)[0]?.args[0].input).toMatchObject({
      RouteTableId: 'rtb-0a',
      DestinationCidrBlock: '10.99.0.10/32',
      NetworkInterfaceId: 'eni-0a',
    })
  })

  test('refuses to create where the config says so', async () => {
    mock.on(ReplaceRouteCommand).rejects(noSuchRoute)
    await expect(writeRoute(ec2, KEY, ENI, false, 'edge', hedging)).rejects.toMatchObject({ kind: 'refused' })
    expect(mock.commandCalls(CreateRouteCommand)).toHaveLength(0)
  })

  test('names each kind of destination by its own parameter', async () => {
    mock.on(ReplaceRouteCommand).resolves({})
    for (const vip of ['10.99.0.10', '2001:db8::1', 'pl-0a']) {
      await writeRoute(ec2, { ...KEY, vip: parseVip(vip) }, ENI, true, 'edge', hedging)
    }
    expect(mock.commandCalls(ReplaceRouteCommand).map((call) => call.args[0].input)).toMatchObject([
      { DestinationCidrBlock: '10.99.0.10/32' },
      { DestinationIpv6CidrBlock: '2001:db8::1/128' },
      { DestinationPrefixListId: 'pl-0a' },
    ])
  })

  test('a rehearsal is permitted by the error that EC2 calls DryRunOperation', async () => {
    mock.on(ReplaceRouteCommand).rejects(answer('DryRunOperation', '', 412))
    await expect(rehearseWrite(ec2, KEY, ENI, false, signal)).resolves.toBeUndefined()
    expect(mock.commandCalls(ReplaceRouteCommand)[0]?.args[0].input.DryRun).toBe(true)
    mock.on(CreateRouteCommand).rejects(answer('UnauthorizedOperation', '', 403))
    await expect(rehearseWrite(ec2, KEY, ENI, true, signal)).rejects.toMatchObject({ class: 'denied' })
  })
})

describe('persist', () => {
  const busy = new Ec2Error('ReplaceRoute', answer('RequestLimitExceeded', '', 503))
  const down = new Ec2Error('ReplaceRoute', networkError('ECONNREFUSED'))
  const options = (rest: object = {}) => ({
    permit: () => {},
    signal,
    clock: jumpingClock(),
    random: () => 1,
    onRetry: () => {},
    ...rest,
  })
  const failing = (errors: readonly Error[]) => {
    const left = [...errors]
    return async () => {
      const error = left.shift()
      if (error) throw error
      return 'done'
    }
  }

  test('backs off exponentially, longer when throttled, up to a cap', async () => {
    const clock = jumpingClock()
    expect(await retry(failing([down, down, down]), options({ clock }))).toBe('done')
    expect(clock.slept).toEqual([100, 200, 400])
    const throttled = jumpingClock()
    await retry(failing([busy, busy, busy, busy, busy]), options({ clock: throttled }))
    expect(throttled.slept).toEqual([500, 1000, 2000, 4000, 5000])
  })

  test('with full jitter', async () => {
    const clock = jumpingClock()
    await retry(failing([down]), options({ clock, random: () => 0.25 }))
    expect(clock.slept).toEqual([25])
  })

  test('does not send again what cannot succeed', async () => {
    const denied = new Ec2Error('ReplaceRoute', answer('UnauthorizedOperation', '', 403))
    const clock = jumpingClock()
    await expect(retry(failing([denied]), options({ clock }))).rejects.toBe(denied)
    expect(clock.slept).toEqual([])
  })

  test('asks before every attempt whether it is still wanted', async () => {
    let asked = 0
    const superseded = new Failure('superseded', 'a newer event')
    const permit = () => {
      asked += 1
      if (asked === 3) throw superseded
    }
    let attempts = 0
    const attempt = async () => {
      attempts += 1
      throw down
    }
    await expect(retry(attempt, options({ permit }))).rejects.toBe(superseded)
    expect(attempts).toBe(2)
  })

  test('ends with the deadline, and says what stood in the way', async () => {
    const controller = new AbortController()
    const clock = jumpingClock()
    const onRetry = () => {
      if (clock.now() >= 300) controller.abort(new Failure('failed', 'the deadline has passed'))
    }
    const attempt = async () => {
      throw down
    }
    await expect(retry(attempt, options({ clock, onRetry, signal: controller.signal }))).rejects.toThrow(
      /the deadline has passed; ReplaceRoute: .*ECONNREFUSED/,
    )
  })
})
