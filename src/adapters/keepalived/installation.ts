/** keepalived as installed on this host: its program, and the config file that it uses. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { codeOf, Failure, messageOf } from '../../platform/errors.ts'

const DEFAULT_CONF = '/etc/keepalived/keepalived.conf'
/** Where distributions install it; not in everybody's PATH. */
const FOLDERS = '/usr/sbin:/usr/local/sbin:/sbin'
const TIMEOUT_MS = 2000
/** systemd.exec(5), $PATH. */
const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The version, if keepalived is installed. @param pid of the running keepalived, whose own program is asked if possible */
export function keepalivedVersion(pid: number | undefined): readonly number[] | undefined {
  const running = `/proc/${pid}/exe`
  const program = pid !== undefined && isExecutable(running) ? running : 'keepalived'
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:${FOLDERS}` }
  const { error, stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'utf8', env, timeout: TIMEOUT_MS })
  if (codeOf(error) === 'ENOENT') return undefined
  if (error) throw new Failure('failed', `cannot run keepalived --version: ${messageOf(error)}`, { cause: error })
  const [, version] = /keepalived v(\d+(?:\.\d+)+)/i.exec(stderr + stdout) ?? []
  if (version) return version.split('.').map(Number)
  throw new Failure('failed', `keepalived --version says ${JSON.stringify((stderr + stdout).split('\n', 1)[0])}`)
}

/** The file that keepalived reads, and the config id that selects its lines that begin with `@`. */
export type ConfPlace = { readonly path: string; readonly configId: string }

/** From the arguments of the running keepalived (keepalived(8)), or else its defaults. */
export function placeOfConf(pid: number | undefined): ConfPlace {
  const values = pid === undefined ? [] : argumentsOf(pid)
  const path = optionIn(values, 'f', 'use-file') ?? DEFAULT_CONF
  const configId = optionIn(values, 'i', 'config-id') ?? hostname().split('.', 1)[0] ?? ''
  return { path: pid === undefined ? path : resolve(directoryOf(pid), path), configId }
}

/** As getopt_long(3) takes it: `-f FILE`, `-fFILE`, `--use-file FILE`, `--use-file=FILE`. */
function optionIn(values: readonly string[], short: string, long: string): string | undefined {
  for (const [index, value] of values.entries()) {
    if (value === `-${short}` || value === `--${long}`) return values[index + 1]
    if (value.startsWith(`--${long}=`)) return value.slice(long.length + 3)
    if (value.startsWith(`-${short}`)) return value.slice(2)
  }
  return undefined
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1)
  } catch {
    return [] // It has ended, or is hidden from us: its defaults are the best guess.
  }
}

/** The PATH of keepalived's scripts, which inherit its environment. */
export function searchPathOf(pid: number | undefined): string {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return environment.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? SERVICE_PATH
  } catch {
    return SERVICE_PATH // It does not run, or we may not inspect it: assume what systemd gives it.
  }
}

function directoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return '/' // It is another user's process. Services start there.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
