// The Debian package, built by dpkg-deb from the staged tree.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const SCRIPTS = ['postinst', 'prerm', 'postrm']

export function buildDeb({ root, directory, tree: staged, out, manifest, architecture }) {
  const tree = join(directory, 'deb')
  cpSync(staged, tree, { recursive: true, verbatimSymlinks: true })
  mkdirSync(join(tree, 'usr/share/lintian/overrides'), { recursive: true, mode: 0o755 })
  cpSync(join(root, 'packaging/debian/lintian-overrides'), join(tree, 'usr/share/lintian/overrides/vip-switch'))

  const changelog = gzipSync(changelogText(manifest), { level: 9 })
  writeFileSync(join(tree, 'usr/share/doc/vip-switch/changelog.gz'), changelog)
  writeFileSync(join(tree, 'usr/share/doc/vip-switch/copyright'), copyrightText(root))

  const sums = filesIn(tree).map((path) => `${md5(join(tree, path))}  ${path}\n`)
  const control = join(tree, 'DEBIAN')
  mkdirSync(control, { mode: 0o755 })
  for (const name of SCRIPTS) cpSync(join(root, 'packaging/debian', name), join(control, name))
  writeFileSync(join(control, 'control'), controlText({ manifest, architecture, size: sizeOf(tree) }))
  writeFileSync(join(control, 'md5sums'), sums.join(''))
  const archive = join(out, `vip-switch_${manifest.version}_${architecture.deb}.deb`)
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', tree, archive], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

const MAINTAINER = 'The vip-switch authors <vip-switch@users.noreply.github.com>'

/** As Debian wants it; what has changed is in CHANGELOG.md beside it. */
function changelogText({ version }) {
  const date = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toUTCString().replace('GMT', '+0000')
  return `vip-switch (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- ${MAINTAINER}  ${date}\n`
}

/** Machine-readable (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/). */
function copyrightText(root) {
  const [, holder = '', terms = ''] =
    /^Copyright \(c\) (.*)\n\n([\s\S]*)$/m.exec(readFileSync(join(root, 'LICENSE'), 'utf8')) ?? []
  const indented = terms
    .trim()
    .split('\n')
    .map((line) => ` ${line || '.'}`)
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: vip-switch

Files: *
Copyright: ${holder}
License: MIT
Comment: The licences of the packages that the bundles contain are in THIRD-PARTY-LICENSES.txt, and those of Node.js
 in NODE-LICENSES.txt, both in this directory.

License: MIT
${indented.join('\n')}
`
}

function controlText({ manifest, architecture, size }) {
  return `Package: vip-switch
Version: ${manifest.version}
Architecture: ${architecture.deb}
Maintainer: ${MAINTAINER}
Installed-Size: ${size}
Depends: libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 9), systemd | systemd-standalone-sysusers, init-system-helpers (>= 1.54)
Recommends: ca-certificates, keepalived (>= 1:2.2)
Section: net
Priority: optional
Description: virtual IP that moves between AWS availability zones
 keepalived elects the master of a pair of EC2 instances in two availability
 zones. The virtual IP is a route in the VPC's route tables, and vip-switch
 points it at the new master. A daemon keeps the route where VRRP wants it
 through lost adverts, split brain and outages of the EC2 API.
 .
 The package brings its own Node.js.
`
}

/** Regular files, by their paths within the tree. */
function filesIn(tree) {
  return readdirSync(tree, { recursive: true })
    .filter((path) => lstatSync(join(tree, path)).isFile())
    .sort()
}

/** In KiB, as dpkg estimates it. */
function sizeOf(tree) {
  const kibibytes = readdirSync(tree, { recursive: true }).map((path) => {
    const stat = lstatSync(join(tree, path))
    return stat.isFile() ? Math.ceil(stat.size / 1024) : 1
  })
  return kibibytes.reduce((sum, each) => sum + each, 0)
}

function md5(path) {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}
