/** Whose certificates the built program trusts. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as forward } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { environmentFor, runProgram } from '../../../support/cli.ts'
import { directory, endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { requires } from '../../../support/requires.ts'

startEndpointForEachTest()

describe.skipIf(!requires('openssl'))('over HTTPS', () => {
  const inDirectory = (name: string) => join(directory, name)
  const openssl = (...words: string[]) =>
    execFileSync('openssl', words, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  let url: string

  beforeEach(async () => {
    const making = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
    openssl(...making, '-subj', '/CN=a test', '-keyout', 'ca.key', '-out', 'ca.pem')
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1']
    openssl(...making, ...signing, '-subj', '/CN=127.0.0.1', '-keyout', 'own.key', '-out', 'own.pem')
    const [key, cert] = ['own.key', 'own.pem'].map((name) => readFileSync(inDirectory(name)))
    const server = createServer({ key, cert }, (asked, answer) => {
      const { method, headers } = asked
      const onward = forward(endpoint.url, { method, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 500, answered.headers)
        answered.pipe(answer)
      })
      asked.pipe(onward)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const address = server.address()
    url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    mkdirSync(inDirectory('certificates'))
  })

  const list = (more: NodeJS.ProcessEnv) =>
    runProgram(
      ['list'],
      environmentFor(endpoint, { AWS_ENDPOINT_URL: url, SSL_CERT_DIR: inDirectory('certificates'), ...more }),
    )

  test('a CA that the system knows is trusted', async () => {
    const hash = openssl('x509', '-hash', '-noout', '-in', 'ca.pem').trim()
    symlinkSync(inDirectory('ca.pem'), inDirectory(`certificates/${hash}.0`))
    expect(await list({ SSL_CERT_FILE: '/nonexistent' })).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('one that Node knows is, where the system knows none', async () => {
    // The CA of the test stands in for the hundred and more of Node's.
    const preload = inDirectory('preload.cjs')
    const ca = `require('node:fs').readFileSync(${JSON.stringify(inDirectory('ca.pem'))}, 'utf8')`
    const standIn = `(options) => make(options.ca?.length > 100 ? { ...options, ca: ${ca} } : options)`
    writeFileSync(
      preload,
      `const tls = require('node:tls')\nconst make = tls.createSecureContext\ntls.createSecureContext = ${standIn}\n`,
    )
    const env = { SSL_CERT_FILE: '/nonexistent', NODE_OPTIONS: `--require=${preload}` }
    expect(await list(env)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('one that neither knows is not, and it is said what to do', async () => {
    const { exitCode, stderr } = await list({ SSL_CERT_FILE: '/nonexistent' })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('install ca-certificates, or add a proxy’s CA with NODE_EXTRA_CA_CERTS')
  })
})
