// The RPM, built by rpmbuild from the same tree as the Debian package.
import { execFileSync } from 'node:child_process'
import { cpSync, lstatSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a distribution with RPMs has what Debian has elsewhere. */
const PLACES = {
  'lib/systemd': 'usr/lib/systemd',
  'usr/share/zsh/vendor-completions': 'usr/share/zsh/site-functions',
}

export function buildRpm({ directory, tree: staged, out, manifest, architecture }) {
  const tree = join(directory, 'rpm')
  cpSync(staged, tree, { recursive: true, verbatimSymlinks: true })
  for (const [from, to] of Object.entries(PLACES)) {
    mkdirSync(dirname(join(tree, to)), { recursive: true, mode: 0o755 })
    renameSync(join(tree, from), join(tree, to))
  }
  const spec = join(directory, 'vip-switch.spec')
  writeFileSync(spec, specText({ tree, manifest }))
  const defines = {
    _topdir: join(directory, 'rpmbuild'),
    _rpmdir: out,
    _build_name_fmt: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    _buildhost: 'localhost',
    _build_id_links: 'none',
    _binary_payload: 'w5.gzdio',
    // Node is as its project published it: nothing is stripped or rewritten.
    __os_install_post: '%{nil}',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    build_mtime_policy: 'clamp_to_source_date_epoch',
  }
  const options = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`])
  execFileSync('rpmbuild', ['-bb', '--quiet', '--target', `${architecture.rpm}-linux`, ...options, spec], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function specText({ tree, manifest }) {
  return `Name: vip-switch
Version: ${manifest.version}
Release: 1
Summary: Virtual IP that moves between AWS availability zones
License: MIT
AutoReqProv: no
Requires: glibc >= 2.28, libstdc++, systemd
Recommends: keepalived >= 2.2, ca-certificates

%description
keepalived elects the master of a pair of EC2 instances in two availability
zones. The virtual IP is a route in the VPC's route tables, and vip-switch
points it at the new master. A daemon keeps the route where VRRP wants it
through lost adverts, split brain and outages of the EC2 API.

The package brings its own Node.js.

%install
cp -a ${tree}/. %{buildroot}/

%post
systemd-sysusers vip-switch.conf
systemd-tmpfiles --create vip-switch.conf || :
/usr/lib/vip-switch/node /usr/lib/vip-switch/bin/code-cache.mjs
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload || :
  if [ "$1" -eq 1 ]; then systemctl preset vip-switch.service || :; fi
fi

%preun
if [ "$1" -eq 0 ]; then
  if [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now vip-switch.service || :
    systemctl stop 'vip-switch-preflight@*.service' || :
  fi
  rm -f /etc/systemd/system/*.wants/vip-switch-preflight@*.service
  rm -f /usr/lib/vip-switch/dist/*.cache
fi

%postun
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload || :
  if [ "$1" -ge 1 ]; then systemctl try-restart vip-switch.service || :; fi
fi

%files
${filesOf(tree).join('\n')}
`
}

/** Every file, and the directories that are ours alone. */
function filesOf(tree) {
  const paths = readdirSync(tree, { recursive: true }).sort()
  const files = paths.filter((path) => !lstatSync(join(tree, path)).isDirectory()).map((path) => `"/${path}"`)
  const directories = ['/etc/vip-switch', ...['', '/bin', '/dist'].map((name) => `/usr/lib/vip-switch${name}`)]
  return [...files, ...directories.map((path) => `%dir ${path}`)]
}
