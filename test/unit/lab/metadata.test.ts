import { fromInstanceMetadata } from '@aws-sdk/credential-providers'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Seed } from '../../../src/lab/ec2/seed/seed.ts'
import { type Ec2Endpoint, startEc2Endpoint } from '../../../src/lab/ec2/server.ts'

const instanceId = 'i-00000000000000001'
const seed: Seed = {
  vpcs: {
    lab: {
      id: 'vpc-00000000000000001',
      // The second node has the address that the tests call from.
      cidrs: ['10.0.0.0/16', '127.0.0.0/16', '2001:db8:10::/56'],
      subnets: {
        a: { id: 'subnet-00000000000000001', zone: 'ap-northeast-1a', cidr: '10.0.1.0/24' },
        loopback: { zone: 'ap-northeast-1c', cidr: '127.0.0.0/24' },
      },
      instances: {
        'db-1': {
          id: instanceId,
          interfaces: [
            { id: 'eni-00000000000000001', addresses: ['10.0.1.11', '10.0.1.111'], ipv6: ['2001:DB8:10:1:0::11'] },
            '10.0.1.12',
          ],
        },
        'db-2': { id: 'i-00000000000000002', interfaces: ['127.0.0.1'] },
      },
    },
  },
}

let endpoint: Ec2Endpoint
let url: string
beforeAll(async () => {
  endpoint = await startEc2Endpoint({ seed })
  url = (await endpoint.startMetadata({ instanceId })).url
})
afterAll(() => endpoint.close())
afterEach(() => {
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

async function token(at = url): Promise<string> {
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' }
  return (await fetch(`${at}/latest/api/token`, { method: 'PUT', headers })).text()
}

async function read(path: string, at = url): Promise<string> {
  const response = await fetch(at + path, { headers: { 'x-aws-ec2-metadata-token': await token(at) } })
  return response.ok ? response.text() : `status ${response.status}`
}

const interfaces = '/latest/meta-data/network/interfaces/macs/'

describe('a token', () => {
  const put = async (headers: Record<string, string>) =>
    (await fetch(`${url}/latest/api/token`, { method: 'PUT', headers })).status

  it('is given for 1 to 21600 s, and not through a proxy', async () => {
    const ttl = (seconds: string) => ({ 'x-aws-ec2-metadata-token-ttl-seconds': seconds })
    expect(await Promise.all([put(ttl('1')), put(ttl('21600'))])).toEqual([200, 200])
    expect(await Promise.all([put({}), put(ttl('0')), put(ttl('21601')), put(ttl('x'))])).toEqual([400, 400, 400, 400])
    expect(await put({ ...ttl('60'), 'x-forwarded-for': '10.0.0.1' })).toBe(403)
  })

  it('is needed, and must be known and not expired', async () => {
    const path = `${url}/latest/meta-data/instance-id`
    const withToken = async (value: string) =>
      (await fetch(path, { headers: { 'x-aws-ec2-metadata-token': value } })).status
    expect((await fetch(path)).status).toBe(401)
    expect(await withToken('made-up')).toBe(401)
    const given = await token()
    expect(await withToken(given)).toBe(200)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    expect(await withToken(given)).toBe(401)
  })
})

describe('metadata', () => {
  it('says which instance it is, and where', async () => {
    expect(await read('/latest/meta-data/instance-id')).toBe(instanceId)
    expect(await read('/latest/meta-data/local-ipv4')).toBe('10.0.1.11')
    expect(await read('/latest/meta-data/placement/region')).toBe('ap-northeast-1')
    expect(await read('/latest/meta-data/placement/availability-zone')).toBe('ap-northeast-1a')
    expect(JSON.parse(await read('/latest/dynamic/instance-identity/document'))).toMatchObject({
      accountId: '123456789012',
      availabilityZone: 'ap-northeast-1a',
      instanceId,
      privateIp: '10.0.1.11',
      region: 'ap-northeast-1',
    })
  })

  it('lists directories with a slash, and each interface by its MAC', async () => {
    const macs = (await read(interfaces)).split('\n')
    expect(macs).toHaveLength(2)
    const mac = await read('/latest/meta-data/mac')
    expect(macs[0]).toBe(`${mac}/`)
    expect((await read('/latest/meta-data/')).split('\n')).toEqual(
      expect.arrayContaining(['instance-id', 'mac', 'network/', 'placement/']),
    )
    const of = (name: string) => read(`${interfaces}${mac}/${name}`)
    expect(await of('interface-id')).toBe('eni-00000000000000001')
    expect(await of('device-number')).toBe('0')
    expect(await of('vpc-id')).toBe('vpc-00000000000000001')
    expect(await of('subnet-id')).toBe('subnet-00000000000000001')
    expect(await of('owner-id')).toBe('123456789012')
    expect(await of('local-ipv4s')).toBe('10.0.1.11\n10.0.1.111')
    expect(await of('ipv6s')).toBe('2001:db8:10:1::11')
    expect(await of('vpc-ipv4-cidr-blocks')).toBe('10.0.0.0/16\n127.0.0.0/16')
  })

  it('has nothing at other paths', async () => {
    expect(await read('/latest/meta-data/spot/instance-action')).toBe('status 404')
    expect(await read('/latest/meta-data/mac/deeper')).toBe('status 404')
    expect(await read(`${interfaces}${(await read(interfaces)).split('\n')[1]}ipv6s`)).toBe('status 404')
  })

  it('is refused where its instance has it disabled', async () => {
    const { metadata } = endpoint.region.instances.get(instanceId) ?? {}
    if (!metadata) throw new Error('the seed has no such instance')
    metadata.endpoint = 'disabled'
    const { status } = await fetch(`${url}/latest/api/token`, { method: 'PUT' })
    metadata.endpoint = 'enabled'
    expect(status).toBe(403)
  })

  it('is that of the instance that has the source address', async () => {
    const bySource = await endpoint.startMetadata()
    expect(await read('/latest/meta-data/instance-id', bySource.url)).toBe('i-00000000000000002')
  })

  it('gives credentials that the SDK takes, for hours', async () => {
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', url)
    const { accessKeyId, sessionToken, expiration } = await fromInstanceMetadata()()
    expect(accessKeyId).toMatch(/^ASIA[0-9A-F]{16}$/)
    expect(sessionToken).toBeTruthy()
    expect((expiration?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_600_000)
    expect(endpoint.region.sessions.get(accessKeyId)?.arn).toBe(
      `arn:aws:sts::123456789012:assumed-role/lab-node/${instanceId}`,
    )
  })
})
