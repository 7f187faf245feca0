// `npm run package [-- x64|arm64]`: builds everything that is released, in out/: a .deb and an .rpm with a Node of their
// own, npm's tarball, an SBOM and SHA256SUMS. The same commit gives the same bytes.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commitTime } from '../commit.mjs'
import { buildDeb } from './deb.mjs'
import { nodeBinary } from './node-binary.mjs'
import { buildRpm } from './rpm.mjs'
import { bill } from './sbom.mjs'
import { stageTree } from './staging.mjs'

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, 'out')
/** The names of an architecture for Node, Debian and RPM. */
const ARCHITECTURES = {
  x64: { node: 'x64', deb: 'amd64', rpm: 'x86_64' },
  arm64: { node: 'arm64', deb: 'arm64', rpm: 'aarch64' },
}

const [, , name = process.arch] = process.argv
const architecture = ARCHITECTURES[name]
if (!architecture) {
  process.stderr.write(`no such architecture: ${name}; choose one of ${Object.keys(ARCHITECTURES).join(', ')}\n`)
  process.exit(2)
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
// dpkg-deb and rpmbuild date their contents by it (https://reproducible-builds.org/specs/source-date-epoch/).
process.env.SOURCE_DATE_EPOCH = String(commitTime())

const directory = mkdtempSync(join(tmpdir(), 'vip-switch-package-'))
try {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT)
  const node = nodeBinary(directory, architecture.node)
  const tree = join(directory, 'tree')
  stageTree({ root: ROOT, tree, node })
  const release = { root: ROOT, directory, tree, out: OUT, manifest, architecture }
  buildDeb(release)
  buildRpm(release)
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', OUT], { cwd: ROOT })
  const sbom = bill({ root: ROOT, manifest, node: node.version, time: commitTime() })
  writeFileSync(join(OUT, `vip-switch-${manifest.version}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`)
  const files = readdirSync(OUT).sort()
  writeFileSync(join(OUT, 'SHA256SUMS'), files.map((file) => `${sha256(join(OUT, file))}  ${file}\n`).join(''))
  process.stdout.write(readFileSync(join(OUT, 'SHA256SUMS')))
} finally {
  rmSync(directory, { recursive: true, force: true })
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
