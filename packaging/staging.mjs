// The files that both the .deb and the .rpm install.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const PROGRAM = 'usr/lib/vip-switch'
const BUNDLES = ['main.cjs', 'hook.cjs', 'program.cjs', 'config.schema.json']

/** Fills `tree`, with the modes that the files have once installed; dpkg-deb and rpmbuild make root their owner. */
export function stageTree({ root, tree, node }) {
  const at = (path) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o755 })
    return join(tree, path)
  }
  const copy = (from, to) => cpSync(join(root, from), at(to), { recursive: true })
  const write = (path, content, mode = 0o644) => writeFileSync(at(path), content, { mode })
  const printed = (...words) => execFileSync(process.execPath, [join(root, 'dist/main.cjs'), ...words])

  for (const name of BUNDLES) copy(`dist/${name}`, `${PROGRAM}/dist/${name}`)
  copy('bin/code-cache.mjs', `${PROGRAM}/bin/code-cache.mjs`)
  const launcher = readFileSync(join(root, 'bin/vip-switch'), 'utf8')
  write(`${PROGRAM}/bin/vip-switch`, launcher.replace('exec node ', `exec /${PROGRAM}/node `), 0o755)
  cpSync(node.binary, at(`${PROGRAM}/node`))
  symlinkSync(`../lib/vip-switch/bin/vip-switch`, at('usr/bin/vip-switch'))
  mkdirSync(join(tree, 'etc/vip-switch'), { recursive: true })

  for (const unit of readdirSync(join(root, 'systemd'))) copy(`systemd/${unit}`, `lib/systemd/system/${unit}`)
  copy('packaging/vip-switch.sysusers', 'usr/lib/sysusers.d/vip-switch.conf')
  copy('packaging/vip-switch.tmpfiles', 'usr/lib/tmpfiles.d/vip-switch.conf')

  write('usr/share/man/man1/vip-switch.1.gz', gzipSync(readFileSync(join(root, 'dist/vip-switch.1')), { level: 9 }))
  write('usr/share/bash-completion/completions/vip-switch', printed('completion', 'bash'))
  write('usr/share/zsh/vendor-completions/_vip-switch', printed('completion', 'zsh'))
  write('usr/share/fish/vendor_completions.d/vip-switch.fish', printed('completion', 'fish'))

  const doc = 'usr/share/doc/vip-switch'
  for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs', 'examples']) copy(name, `${doc}/${name}`)
  copy('LICENSE', `${doc}/copyright`)
  copy('dist/THIRD-PARTY-LICENSES.txt', `${doc}/THIRD-PARTY-LICENSES.txt`)
  cpSync(node.licence, at(`${doc}/NODE-LICENSES.txt`))
  setModes(tree)
}

/** Whatever this user's umask: what is executable stays so, and all may read. */
function setModes(path) {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return
  if (stat.isDirectory()) for (const name of readdirSync(path)) setModes(join(path, name))
  chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644)
}
