import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { missingAuthorities } from '../../../../../src/adapters/ec2/transport/certificate-authorities.ts'

const directory = mkdtempSync(join(tmpdir(), 'vip-switch-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

function place(name: string, file: string): string {
  mkdirSync(join(directory, name))
  writeFileSync(join(directory, name, file), '')
  return join(directory, name)
}
const hashed = place('hashed', 'ce5e74ef.0')
const bundle = join(place('bundle', 'cert.pem'), 'cert.pem')
/** As on Red Hat's: a bundle that OpenSSL does not look for here, and no hashed names. */
const plain = place('plain', 'ca-bundle.crt')
const NONE = '/nonexistent'

describe('besides those that OpenSSL finds by itself', () => {
  test.each([
    ['in a directory of hashed names', NONE, hashed],
    ['in one of several', NONE, `${plain}:${hashed}`],
    ['in a file', bundle, NONE],
  ])('%s, no CAs are needed', (_, file, directories) => {
    const env = { SSL_CERT_FILE: file, SSL_CERT_DIR: directories }
    expect(missingAuthorities(env, ['--use-openssl-ca'])).toBeUndefined()
  })

  test.each([
    ['a directory without hashed names', plain],
    ['none', NONE],
  ])('%s: Node’s own are', (_, directories) => {
    const env = { SSL_CERT_FILE: NONE, SSL_CERT_DIR: directories }
    expect(missingAuthorities(env, ['--use-openssl-ca'])).toEqual(rootCertificates)
  })

  test('nobody else’s are, where Node goes by its own anyway', () => {
    expect(missingAuthorities({ SSL_CERT_FILE: NONE, SSL_CERT_DIR: NONE }, [])).toBeUndefined()
  })
})
