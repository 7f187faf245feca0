/** Which requests go through a proxy, by the environment. */
import { describe, expect, test } from 'vitest'
import { proxiesOf } from '../../../../../src/adapters/ec2/transport/proxy.ts'

const EC2 = { protocol: 'https:', host: 'ec2.ap-northeast-1.amazonaws.com', port: 443 }
const PROXY = 'http://proxy.test:3128'
const textOf = (env: NodeJS.ProcessEnv, to = EC2) => proxiesOf(env)(to)?.text

describe('the proxy', () => {
  test.each([
    ['none', {}, undefined],
    ['HTTPS_PROXY', { HTTPS_PROXY: PROXY }, PROXY],
    ['https_proxy', { https_proxy: PROXY }, PROXY],
    ['lower case first', { https_proxy: PROXY, HTTPS_PROXY: 'http://other:1' }, PROXY],
    ['an empty one is none', { https_proxy: '', HTTPS_PROXY: PROXY }, undefined],
    ['HTTP_PROXY is for http alone', { HTTP_PROXY: PROXY }, undefined],
    ['without a scheme', { HTTPS_PROXY: 'proxy.test:3128' }, PROXY],
    ['over TLS, on its usual port', { HTTPS_PROXY: 'https://proxy.test' }, 'https://proxy.test'],
  ])('%s', (_, env, text) => {
    expect(textOf(env)).toBe(text)
  })

  test('over plain HTTP is that of HTTP_PROXY', () => {
    expect(textOf({ HTTP_PROXY: PROXY }, { ...EC2, protocol: 'http:', port: 80 })).toBe(PROXY)
  })

  test('has a login that no text tells', () => {
    const proxy = proxiesOf({ HTTPS_PROXY: 'http://me:p%40ss@proxy.test:3128' })(EC2)
    expect(proxy).toMatchObject({ host: 'proxy.test', port: 3128, text: PROXY })
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })

  test('has an address of IPv6', () => {
    const proxy = proxiesOf({ HTTPS_PROXY: 'http://[2001:db8::1]:3128' })(EC2)
    expect(proxy).toMatchObject({ host: '2001:db8::1', port: 3128, text: 'http://[2001:db8::1]:3128' })
  })

  test.each([
    { HTTPS_PROXY: 'socks5://secret@proxy.test:1080' },
    { HTTPS_PROXY: 'http://secret:%zz@proxy.test' },
    { https_proxy: 'http://secret:@:3128' },
    { HTTP_PROXY: 'https://secret@proxy.test' },
  ])('is refused where it is none that we can use, without repeating it: %j', (env) => {
    expect(() => proxiesOf(env)).toThrow(/^HTTPS?_PROXY in the environment names no proxy that can be used$/)
  })
})

describe('NO_PROXY', () => {
  test.each([
    ['*', EC2.host, true],
    ['amazonaws.com', EC2.host, true],
    ['.amazonaws.com', EC2.host, true],
    ['*.amazonaws.com', EC2.host, true],
    ['other.test, AmazonAWS.com', EC2.host, true],
    [EC2.host, EC2.host, true],
    ['zonaws.com', EC2.host, false],
    ['amazonaws.com:443', EC2.host, true],
    ['amazonaws.com:8443', EC2.host, false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3:443', '10.1.2.3', true],
    ['1.2.3', '10.1.2.3', false],
    ['fd00::/8', '[fd00:ec2::254]', true],
    ['fd00:ec2::254', 'fd00:ec2::254', true],
    ['[fd00:ec2::254]:443', 'fd00:ec2::254', true],
    ['2001:db8::/32', 'fd00:ec2::254', false],
    ['10.0.0.0/99', '10.1.2.3', false],
    ['', EC2.host, false],
  ])('%s exempts %s: %s', (list, host, isExempt) => {
    expect(textOf({ HTTPS_PROXY: PROXY, NO_PROXY: list }, { ...EC2, host }) === undefined).toBe(isExempt)
    expect(textOf({ HTTPS_PROXY: PROXY, no_proxy: list }, { ...EC2, host }) === undefined).toBe(isExempt)
  })
})
