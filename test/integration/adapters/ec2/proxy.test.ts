/** The built program through a real proxy, to EC2, STS and DynamoDB, and never to IMDS. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer, request as requestHttps } from 'node:https'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openConnections } from '../../../../src/adapters/ec2/transport/connections.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { startTable, TABLE } from '../../../support/dynamodb-table.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { idOf, TABLES, targets } from '../../../support/node.ts'
import { startProxy } from '../../../support/proxy.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

const inDirectory = (name: string) => join(directory, name)
const portOf = (url: string) => Number(new URL(url).port)

const run = (values: readonly string[], env: NodeJS.ProcessEnv) =>
  runProgram(values, environmentFor(endpoint, { LOG_LEVEL: 'debug', ...env }))

describe.skipIf(!requires('openssl'))('over TLS', () => {
  let port: number
  let tls: { key: Buffer; cert: Buffer }
  let env: NodeJS.ProcessEnv

  beforeEach(async () => {
    const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' })
    const making = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    openssl(...making, '-subj', '/CN=a test', '-keyout', 'ca.key', '-out', 'ca.pem')
    const names = 'subjectAltName=DNS:ec2.test,IP:127.0.0.1'
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', names]
    openssl(...making, ...signing, '-subj', '/CN=ec2.test', '-keyout', 'own.key', '-out', 'own.pem')
    tls = { key: readFileSync(inDirectory('own.key')), cert: readFileSync(inDirectory('own.pem')) }
    const server = createServer(tls, (asked, answer) => {
      const onward = forward(endpoint.url, { method: asked.method, headers: asked.headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 500, answered.headers)
        answered.pipe(answer)
      })
      asked.pipe(onward)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const address = server.address()
    port = typeof address === 'object' && address ? address.port : 0
    // No name server knows it: only the proxy does.
    env = { AWS_ENDPOINT_URL: `https://ec2.test:${port}`, AWS_CA_BUNDLE: inDirectory('ca.pem') }
  })

  test('calls go through a tunnel of the proxy, which alone resolves the name', async () => {
    const proxy = await startProxy({ to: port })
    const { exitCode, stdout, stderr } = await run(['list'], { ...env, HTTPS_PROXY: proxy.url() })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('10.99.0.10/32')
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ec2.test:${port}`]))
  })

  test('the proxy may itself speak TLS, and want a login', async () => {
    const proxy = await startProxy({ to: port, tls, login: 'me:p@ss' })
    const { exitCode, stderr } = await run(['list'], { ...env, https_proxy: proxy.url('me:p%40ss') })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(proxy.asked).toContain(`CONNECT ec2.test:${port}`)
  })

  test('a wrong login is said, and never repeated', async () => {
    const proxy = await startProxy({ login: 'me:right' })
    const { exitCode, stdout, stderr } = await run(
      ['switch', '-r', idOf('private-a', 'rtb-'), '-v', '10.99.0.10', '--to', 'db-2', '-f', '--deadline', '2s'],
      { ...env, HTTPS_PROXY: proxy.url('me:wr0ng') },
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      `the proxy ${proxy.url()} does not connect to ec2.test:${port}: HTTP 407 Proxy Authentication Required`,
    )
    expect(stderr).toContain('407: put user:password@ into HTTPS_PROXY')
    expect(stdout + stderr).not.toMatch(/wr0ng|bWU6d3IwbmU/)
  })

  test('a proxy that declines, and one that is not there, are named with what to do', async () => {
    const declining = await startProxy({ declines: 403 })
    const denied = await run(['switch', '-r', 'x', '-v', '10.99.0.10', '--to', 'db-2', '-f', '--deadline', '2s'], {
      ...env,
      HTTPS_PROXY: declining.url(),
    })
    expect(denied.stderr).toContain(`the proxy ${declining.url()} does not connect to ec2.test:${port}: HTTP 403 No`)
    const gone = await run(['switch', '-r', 'x', '-v', '10.99.0.10', '--to', 'db-2', '-f', '--deadline', '2s'], {
      ...env,
      HTTPS_PROXY: 'http://me:secret@127.0.0.1:9',
    })
    expect(gone.stderr).toContain('through the proxy http://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9')
    expect(gone.stderr).not.toContain('secret')
  })

  test('connections are kept ready, and opened anew, through tunnels', async () => {
    const proxy = await startProxy({ to: port })
    const agents = openConnections(
      { clock: systemClock, connectTimeoutMs: 5000 },
      { HTTPS_PROXY: proxy.url(), AWS_CA_BUNDLE: inDirectory('ca.pem') },
    )
    onTestFinished(() => agents.httpsAgent.destroy())
    const options = { host: 'ec2.test', servername: 'ec2.test', port }
    agents.httpsAgent.keepReady(2, options)
    await vi.waitFor(() => expect(proxy.asked).toHaveLength(2))

    const ask = async () => {
      const request = requestHttps({ ...options, agent: agents.httpsAgent, method: 'POST' })
      request.end('Action=DescribeVpcs&Version=2016-11-15')
      const [response] = await once(request, 'response')
      response.resume()
      await once(response, 'end')
    }
    await Promise.all([ask(), ask(), ask()])
    // Two were ready; the third was opened for its request, and those taken are replaced.
    await vi.waitFor(() => expect(proxy.asked.length).toBeGreaterThanOrEqual(3))
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ec2.test:${port}`]))
  })

  test('a host in NO_PROXY is asked directly', async () => {
    const proxy = await startProxy()
    const { exitCode } = await run(['list'], {
      ...env,
      ...{ AWS_ENDPOINT_URL: `https://127.0.0.1:${port}`, HTTPS_PROXY: proxy.url(), NO_PROXY: 'x.test,127.0.0.0/8' },
    })
    expect({ exitCode, asked: proxy.asked }).toEqual({ exitCode: 0, asked: [] })
  })

  test('a bundle of CAs that cannot be read is an error', async () => {
    const { exitCode, stderr } = await run(['list'], { ...env, AWS_CA_BUNDLE: '/nonexistent' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('cannot read AWS_CA_BUNDLE: ENOENT')
  })
})

describe('over plain HTTP', () => {
  function configFor(rest: object): string {
    writeFileSync(
      inDirectory('config.yaml'),
      JSON.stringify({
        cluster: 'db',
        instances: { VI_1: { vips: ['10.99.0.10'], routeTables: TABLES.map((name) => idOf(name, 'rtb-')) } },
        ...rest,
      }),
    )
    return inDirectory('config.yaml')
  }

  test('EC2 and STS are asked by the proxy, IMDS never', async () => {
    const proxy = await startProxy()
    const metadata = await endpoint.startMetadata({ instanceId: idOf('db-2', 'i-') })
    onTestFinished(() => metadata.close())
    const config = configFor({ assumeRole: `arn:aws:iam::${endpoint.region.account}:role/route-switch` })
    const { exitCode, stderr } = await run(
      ['notify', 'INSTANCE', 'VI_1', 'MASTER', '100', '--config', config, '--state-dir', inDirectory('state')],
      { HTTP_PROXY: proxy.url(), HTTPS_PROXY: proxy.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url },
    )
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(new Set(Object.values(targets())).size).toBe(1)
    expect(endpoint.requests.map(({ action }) => action)).toEqual(expect.arrayContaining(['AssumeRole', 'CreateTags']))
    expect(new Set(proxy.asked)).toEqual(new Set([`POST ${endpoint.url}/`]))
    expect(proxy.asked).toHaveLength(endpoint.requests.length)
  })

  test('DynamoDB is, too', async () => {
    const [proxy, table] = [await startProxy(), await startTable()]
    const config = configFor({ witness: { type: 'dynamodb', table: TABLE } })
    const { exitCode } = await run(['status', '--config', config], {
      HTTP_PROXY: proxy.url(),
      AWS_ENDPOINT_URL_DYNAMODB: table.url,
    })
    expect(exitCode).toBe(0)
    expect(proxy.asked).toContain(`POST http://127.0.0.1:${portOf(table.url)}/`)
    expect(table.calls.map(({ action }) => action)).toContain('Query')
  })

  test('the doctor names the way out', async () => {
    const proxy = await startProxy()
    const metadata = await endpoint.startMetadata({ instanceId: idOf('db-1', 'i-') })
    onTestFinished(() => metadata.close())
    const { stdout } = await run(['doctor', '--json', '--config', configFor({})], {
      HTTP_PROXY: proxy.url('me:secret'),
      ALL_PROXY: proxy.url('me:secret'),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
    })
    const found = (wanted: string) =>
      JSON.parse(stdout).findings.flatMap((each: { check: string; found: string }) =>
        each.check === wanted ? [each.found] : [],
      )
    expect(found('credentials')).toEqual([`EC2 answers in ap-northeast-1, through the proxy ${proxy.url()}`])
    expect(found('aws-settings')).toEqual(['ALL_PROXY is ignored'])
    expect(found('api-path')).toEqual([`the proxy ${proxy.url()} is this host itself`])
    expect(stdout).not.toContain('secret')
  })

  test('what is no proxy is an error that does not repeat it', async () => {
    const { exitCode, stdout, stderr } = await run(['list'], { HTTPS_PROXY: 'socks5://me:secret@127.0.0.1:1080' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('HTTPS_PROXY in the environment names no proxy that can be used')
    expect(stdout + stderr).not.toContain('secret')
  })
})
