/**
 * The CAs that TLS trusts. bin/vip-switch starts Node with --use-openssl-ca: otherwise Node 20 parses its whole CA
 * bundle before its first connection, which takes some 25 ms. OpenSSL looks up just the one it needs in the system's
 * hashed directory.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { Failure, messageOf } from '../../../platform/errors.ts'

/** Node's OpenSSL defaults (its OPENSSLDIR), which the environment may override. */
const DEFAULTS = { SSL_CERT_FILE: '/etc/ssl/cert.pem', SSL_CERT_DIR: '/etc/ssl/certs' }
/** Name of a certificate in a hashed directory (openssl-rehash(1)). */
const HASHED = /^[0-9a-f]{8}\.\d+$/

/**
 * The only CAs to trust, if AWS_CA_BUNDLE names a file of them, as for the AWS CLI.
 * @throws Failure of kind `config` if it cannot be read
 */
export function bundledAuthorities(env: NodeJS.ProcessEnv = process.env): string[] | undefined {
  const { AWS_CA_BUNDLE: path } = env
  if (!path) return undefined
  try {
    return [readFileSync(path, 'utf8')]
  } catch (error) {
    throw new Failure('config', `cannot read AWS_CA_BUNDLE: ${messageOf(error)}`, {
      hint: 'name a readable file of PEM certificates there, or unset it',
    })
  }
}

/** Node's own CAs, if OpenSSL is in use and finds none. */
export function missingAuthorities(
  env: NodeJS.ProcessEnv = process.env,
  flags: readonly string[] = process.execArgv,
): string[] | undefined {
  if (!flags.includes('--use-openssl-ca')) return undefined
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: directories } = { ...DEFAULTS, ...env }
  return existsSync(file) || directories.split(':').some(hasHashed) ? undefined : [...rootCertificates]
}

function hasHashed(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => HASHED.test(name))
  } catch {
    return false // OpenSSL cannot read it either.
  }
}
