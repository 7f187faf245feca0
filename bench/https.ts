/** The comparison over HTTPS, as with EC2: with the bench's own CA, and TLS terminated in front of the endpoint. */
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import type { Bench } from './bench.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { aloneNode, measureCli, timeColdHook, VIP } from './compare.ts'
import { isInstalled } from './hook.ts'
import { interleaved, median, ms, type Part } from './measure.ts'
import { type BenchNode, startDaemon, stop, tell } from './node.ts'

const ROUNDS = 7
const DAEMON_ROUNDS = 5
const DELAY_MS = 30
const HOST = '127.0.0.1'

export async function measureHttps(bench: Bench): Promise<Part> {
  const name = `Over HTTPS, at ${DELAY_MS} ms: from process start, or the line in the FIFO, to all routes accepted`
  if (!isInstalled('openssl', 'version')) {
    const row = { what: 'requires openssl to create a CA', target: '', measured: 'not installed', isMet: undefined }
    return { name, rows: [row] }
  }
  const rows: Part['rows'][number][] = []
  for (const tables of [1, 10]) {
    const cloud = await startCloud(tables, [VIP])
    const secure = await startTls(cloud, join(bench.directory, 'tls'))
    const nodeWith = (name: string, env: NodeJS.ProcessEnv) =>
      aloneNode({ ...bench, directory: join(bench.directory, name) }, cloud, { url: secure.url, env })
    const hashed = nodeWith('hashed', { SSL_CERT_DIR: secure.directory })
    const extra = nodeWith('extra', { NODE_EXTRA_CA_CERTS: secure.ca })
    const unchecked = nodeWith('unchecked', { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' })
    const warm = await measureWarmDaemon(cloud, hashed)
    cloud.delay = DELAY_MS
    const found = {
      ...(await interleaved(ROUNDS, {
        'hook alone': () => timeColdHook(cloud, hashed),
        'hook alone, with NODE_EXTRA_CA_CERTS': () => timeColdHook(cloud, extra),
        'Node’s own client': () => timeBare(bench, cloud, secure.url, unchecked),
        'Node’s own client, with NODE_EXTRA_CA_CERTS': () => timeBare(bench, cloud, secure.url, extra),
      })),
      'warm daemon': warm,
      ...(isInstalled('aws') && {
        'aws ec2 replace-route in a loop': await measureCli(cloud, nodeWith('cli', { AWS_CA_BUNDLE: secure.ca })),
      }),
    }
    const where = `${tables} table${tables === 1 ? '' : 's'}`
    for (const [what, took] of Object.entries(found)) {
      rows.push({ what: `${where}: ${what}`, target: '', measured: ms(took), isMet: undefined })
    }
    secure.close()
    await cloud.endpoint.close()
  }
  return {
    name,
    rows,
    notes: [
      `The bench's CA is in a hashed directory (SSL_CERT_DIR), like Amazon's in /etc/ssl/certs, where OpenSSL looks ` +
        `it up. Node's own client loads Node's bundled CAs, and continues although it does not trust this one ` +
        `(NODE_TLS_REJECT_UNAUTHORIZED=0). NODE_EXTRA_CA_CERTS slows down each start of Node.`,
      '',
    ],
  }
}

/**
 * Terminates TLS in front of the endpoint, with a certificate from a new CA. `ca` is the path of the CA's certificate,
 * which is also in `directory` under its hash.
 */
async function startTls(cloud: Cloud, directory: string) {
  mkdirSync(directory, { recursive: true })
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: directory, stdio: 'ignore' })
  const making = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
  openssl(...making, '-subj', '/CN=bench', '-keyout', 'ca.key', '-out', 'ca.pem')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', `subjectAltName=IP:${HOST}`]
  openssl(...making, ...signing, '-subj', `/CN=${HOST}`, '-keyout', 'server.key', '-out', 'server.pem')
  const hash = execFileSync('openssl', ['x509', '-hash', '-noout', '-in', 'ca.pem'], {
    cwd: directory,
    encoding: 'utf8',
  })
  copyFileSync(join(directory, 'ca.pem'), join(directory, `${hash.trim()}.0`))
  const [key, cert] = ['server.key', 'server.pem'].map((name) => readFileSync(join(directory, name)))
  const port = Number(new URL(cloud.endpoint.url).port)
  const server = createServer({ key, cert }, (near) => {
    const far = connect(port, HOST).setNoDelay(true)
    near.on('error', () => far.destroy()).pipe(far)
    far.on('error', () => near.destroy()).pipe(near)
  })
  server.on('connection', (socket) => socket.setNoDelay(true))
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const address = server.address()
  const own = typeof address === 'object' ? address?.port : undefined
  return { url: `https://${HOST}:${own}`, directory, ca: join(directory, 'ca.pem'), close: () => void server.close() }
}

async function measureWarmDaemon(cloud: Cloud, node: BenchNode): Promise<number> {
  const found: number[] = []
  for (let round = 0; round < DAEMON_ROUNDS; round++) {
    cloud.delay = 0
    const daemon = await startDaemon(node, cloud)
    cloud.delay = DELAY_MS
    const accepted = cloud.accepted(cloud.tables.length)
    const start = performance.now()
    tell(node, 'MASTER')
    found.push((await accepted) - start)
    await stop(daemon)
  }
  return median(found)
}

async function timeBare({ root }: Bench, cloud: Cloud, url: string, { env }: BenchNode): Promise<number> {
  const accepted = cloud.accepted(cloud.tables.length)
  const start = performance.now()
  const words = [join(root, 'bench/bare-tls.mjs'), url, cloud.eni, ...cloud.tables]
  const bare = spawn(process.execPath, words, { env, stdio: 'ignore' })
  const took = (await accepted) - start
  await stop(bare, 'SIGKILL')
  return took
}
