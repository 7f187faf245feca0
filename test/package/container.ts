/** A Debian machine with its own systemd, without Node, in a node's network namespace. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { signalIfAlive } from '../../src/lab/cleanup.ts'
import { startLogged } from '../../src/lab/logged-process.ts'
import { poll } from '../../src/lab/poll.ts'

const PACKAGES = 'systemd,systemd-sysv,dbus,keepalived,iproute2,nftables,iputils-ping,ca-certificates,man-db,sudo'
const BOOT_MS = 60_000

export type Container = {
  /** Runs a line of shell there, as root. @throws an error that holds its output if it fails */
  run(line: string, input?: string | Uint8Array): Promise<string>
  /** The same; a failing exit code is a result. */
  attempt(
    line: string,
    input?: string | Uint8Array,
  ): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>
  /** Ends it at once; nothing of it is left. */
  stop(): Promise<void>
}

export type Base = { readonly root: string; remove(): void }

/** Installs a Debian release from the mirrors that apt has here, as a new machine has it. */
export async function installBase(suite: string): Promise<Base> {
  const directory = mkdtempSync(join(tmpdir(), `vip-switch-base-${suite}-`))
  const root = join(directory, 'root')
  // dpkg writes everything twice to disk otherwise.
  const quick = ['--aptopt=Acquire::Languages "none"', '--dpkgopt=force-unsafe-io']
  await execa('mmdebstrap', ['--quiet', '--variant=minbase', `--include=${PACKAGES}`, ...quick, suite, root])
  return { root, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Boots a machine whose changes are kept in memory only. @param env of every service and command */
export async function boot(
  { root }: Base,
  namespace: string,
  env: Readonly<Record<string, string>>,
): Promise<Container> {
  const nspawn = await startLogged(
    [
      ...['systemd-nspawn', '--quiet', '--boot', '--directory', root, '--volatile=overlay', '--console=pipe'],
      // For keepalived, which adds the VIP to an interface.
      ...[
        '--capability=CAP_NET_ADMIN',
        '--register=no',
        '--keep-unit',
        `--network-namespace-path=/run/netns/${namespace}`,
      ],
    ],
    { PATH: process.env.PATH },
  )
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid']
  // Of its children, the last is the machine's process 1: those that set it up end before.
  const init = () =>
    readFileSync(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, 'utf8').trim().split(' ').at(-1) ?? ''
  async function attempt(line: string, input: string | Uint8Array = '') {
    const own = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      ...env,
    }
    const options = { env: own, extendEnv: false, reject: false, input } as const
    const { exitCode, stdout, stderr } = await execa(
      '/usr/bin/nsenter',
      ['--target', init(), ...namespaces, 'sh', '-c', `cd /root && ${line}`],
      options,
    )
    return { exitCode, stdout, stderr }
  }
  async function run(line: string, input?: string | Uint8Array): Promise<string> {
    const { exitCode, stdout, stderr } = await attempt(line, input)
    if (exitCode === 0) return stdout
    const journal = await attempt('journalctl --no-pager --lines 30')
    throw new Error(`${line}: ${exitCode}\n${stdout}\n${stderr}\n${journal.stdout}`)
  }
  await poll(
    'systemd is up',
    BOOT_MS,
    async () => /^(running|degraded)$/.test((await attempt('systemctl is-system-running')).stdout) || undefined,
  )
  // systemd-nspawn mounts the /sys of this host's network.
  await run('mkdir /run/cgroup && mount --rbind /sys/fs/cgroup /run/cgroup')
  await run('mount -t sysfs sysfs /sys && mount --rbind /run/cgroup /sys/fs/cgroup')
  await run(
    `systemctl set-environment ${Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  )
  return {
    attempt,
    run,
    async stop() {
      signalIfAlive(Number(init()), 'SIGKILL')
      await nspawn.exited
    },
  }
}
