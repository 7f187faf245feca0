// The software bill of materials, in CycloneDX, of what the packages contain: the bundled packages and Node.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** @param time in seconds since the epoch */
export function bill({ root, manifest, node, time }) {
  const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
  const all = JSON.parse(execFileSync('npm', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }))
  const bundled = bundledIn(readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8'))
  const components = all.components.filter(({ name, version }) => bundled.has(`${name} ${version}`))
  const missing = [...bundled].filter((each) => !components.some(({ name, version }) => `${name} ${version}` === each))
  if (missing.length > 0) throw new Error(`bundled, but not in package-lock.json: ${missing.join(', ')}`)
  const references = new Set([all.metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])])
  const dependencies = all.dependencies
    .filter(({ ref }) => references.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => references.has(each)) }))
  const runtime = {
    'bom-ref': `node@${node}`,
    type: 'platform',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    licenses: [{ license: { id: 'MIT' } }],
  }
  return {
    ...all,
    // The same commit gives the same document.
    serialNumber: `urn:uuid:${uuidOf(`${manifest.name} ${manifest.version} ${time}`)}`,
    metadata: { ...all.metadata, timestamp: new Date(time * 1000).toISOString() },
    components: [...components.map(withoutScope), runtime],
    dependencies,
  }
}

/** npm calls what a bundle contains a development dependency. */
function withoutScope({ scope: _, properties: __, ...component }) {
  return component
}

/** As listed by build.mjs: `NAME VERSION (LICENCE)`. */
function bundledIn(licences) {
  return new Set(Array.from(licences.matchAll(/^(\S+ \d\S*) \([^)]+\)$/gm), ([, each]) => each))
}

/** A UUID from a text (RFC 9562, version 8). */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
