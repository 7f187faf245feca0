// The Node that the packages bring, from npm's `node-linux-…` package, whose checksum is pinned in node.json.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @returns where the binary and its licence are, below `directory` */
export function nodeBinary(directory, architecture) {
  const { version, integrity } = JSON.parse(readFileSync(join(import.meta.dirname, 'node.json'), 'utf8'))
  const name = `node-linux-${architecture}@${version}`
  const [archive = ''] = execFileSync('npm', ['pack', '--silent', '--pack-destination', directory, name], {
    encoding: 'utf8',
  }).match(/\S+\.tgz/) ?? ['']
  const bytes = readFileSync(join(directory, archive))
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
  if (found !== integrity[architecture]) {
    throw new Error(`${name} has the checksum ${found}; packaging/node.json wants ${integrity[architecture]}`)
  }
  execFileSync('tar', ['--extract', '--file', join(directory, archive), '--directory', directory, 'package'])
  return { version, binary: join(directory, 'package/bin/node'), licence: join(directory, 'package/LICENSE') }
}
