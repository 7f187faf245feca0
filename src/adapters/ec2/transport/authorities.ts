/**
 * Whom TLS trusts. bin/vip-switch starts Node with --use-openssl-ca: before its first connection Node 20 would read in all
 * the CAs that it brings along, for some 25 ms, where OpenSSL looks up the one that it needs in the system's directory.
 */
import { existsSync, readdirSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

/** Where the OpenSSL in Node looks (its OPENSSLDIR), unless its own variables say otherwise. */
const PLACES = { SSL_CERT_FILE: '/etc/ssl/cert.pem', SSL_CERT_DIR: '/etc/ssl/certs' }
/** A certificate's name in a directory is that of its subject's hash (openssl-rehash(1)). */
const HASHED = /^[0-9a-f]{8}\.\d+$/

/** The CAs to trust besides OpenSSL's: Node's own, where OpenSSL finds none; undefined, where those are the ones in use. */
export function missingAuthorities(
  env: NodeJS.ProcessEnv = process.env,
  flags: readonly string[] = process.execArgv,
): string[] | undefined {
  if (!flags.includes('--use-openssl-ca')) return undefined
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: directories } = { ...PLACES, ...env }
  return existsSync(file) || directories.split(':').some(hasHashed) ? undefined : [...rootCertificates]
}

function hasHashed(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => HASHED.test(name))
  } catch {
    return false // OpenSSL finds as much there.
  }
}
