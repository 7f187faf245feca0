/** A machine of its own, as far as its files go: what is changed there, /etc and /usr included, is gone with it. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { type LoggedProcess, startLogged } from '../../src/lab/logged-process.ts'
import { inNamespace } from '../../src/lab/network.ts'

/**
 * This machine's files below, and a layer in memory above. The process that holds the mounts ends with the namespace, and
 * they with it.
 */
const MOUNTS = `
  set -e
  mount -t tmpfs tmpfs "$1"
  mkdir "$1/upper" "$1/work" "$1/root"
  mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
  for path in proc sys dev; do mount --rbind "/$path" "$1/root/$path"; done
  for path in run tmp; do mount -t tmpfs tmpfs "$1/root/$path"; done
  echo up
  exec chroot "$1/root" sleep infinity`

export type Machine = {
  /** Runs a line of shell there to its end, as root. @throws an error that holds its output where it fails */
  run(line: string, input?: string | Uint8Array): Promise<string>
  /** The same; a failing exit code is a result. */
  attempt(line: string): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>
  /** Starts a line of shell that goes on. */
  start(line: string): Promise<LoggedProcess>
}

/** @param directory where its files are mounted, which is made */
export async function startMachine(namespace: string, directory: string, env: NodeJS.ProcessEnv): Promise<Machine> {
  mkdirSync(directory)
  const holder = await startLogged(
    inNamespace(namespace, ['unshare', '--mount', 'sh', '-c', MOUNTS, 'sh', directory]),
    process.env,
  )
  await holder.line(/^up$/)
  const entered = ['nsenter', '--target', `${holder.pid}`, '--mount', '--net', '--root', 'sh', '-c']
  const own = {
    // As systemd gives it to services, and where Node is here.
    PATH: `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`,
    HOME: '/root',
    ...env,
  }
  async function attempt(line: string, input?: string | Uint8Array) {
    const [program = '', ...values] = [...entered, `cd /root && ${line}`]
    const options = { env: own, extendEnv: false, reject: false, input: input ?? '' } as const
    const { exitCode, stdout, stderr } = await execa(program, values, options)
    return { exitCode, stdout, stderr }
  }
  return {
    attempt,
    async run(line, input) {
      const { exitCode, stdout, stderr } = await attempt(line, input)
      if (exitCode === 0) return stdout
      throw new Error(`${line}: ${exitCode}\n${stdout}\n${stderr}`)
    },
    start: (line) => startLogged([...entered, `cd /root && exec ${line}`], own),
  }
}
