/** Checks that the user keepalived runs hooks as can do what a hook does: by trying, not by interpreting modes. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
import type { Script } from '../../../adapters/keepalived/conf/conf.ts'
import { commandLine } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { Failure, messageOf } from '../../../platform/errors.ts'
import { type Fact, finding, known, learn, unknown } from './fact.ts'
import { programIn } from './hook-script.ts'

/** keepalived.conf(5), script_user: the default if that user exists. */
const DEFAULT_USER = 'keepalived_script'
const TIMEOUT_MS = 5000

export type User = { readonly name: string; readonly uid: number; readonly gid: number }

/** Why something failed; undefined on success. */
export type Tried = Fact<string | undefined>

/** The user that runs a script, by name or number. @throws Failure if the user does not exist */
export function userOf({ user }: Pick<Script, 'user'>, scriptUser: string | undefined): User {
  const name = user ?? scriptUser
  const found = name === undefined ? (lookUp(DEFAULT_USER) ?? lookUp('root')) : lookUp(name)
  if (found) return found
  throw new Failure('failed', `the user ${name} does not exist`)
}

function lookUp(name: string): User | undefined {
  const { error, status, stdout } = spawnSync('getent', ['passwd', name], { encoding: 'utf8', timeout: TIMEOUT_MS })
  if (error) throw new Failure('failed', `cannot look up the user ${name}: ${messageOf(error)}`, { cause: error })
  const [found = name, , uid, gid] = stdout.split(':')
  return status === 0 ? { name: found, uid: Number(uid), gid: Number(gid) } : undefined
}

/** Runs a script's program as its user with --version; for a wrapper, checks that it could be run. */
export function tryScript({ command }: Script, user: User, searchPath: string): Tried {
  const program = programIn(command)
  if (program) return tryAs(user, [...program, '--version'], searchPath)
  const [first = '', ...words] = command
  const scripts = words.filter((word) => isAbsolute(word) && isThere(word))
  const trials = [tryAccess(user, first, 'x'), ...scripts.map((script) => tryAccess(user, script, 'r'))]
  return trials.find((trial) => !trial.known || trial.value !== undefined) ?? known(undefined)
}

/** Whether the user may read (`r`), write (`w`) or execute (`x`) a file; `w` on a directory means creating files. */
export function tryAccess(user: User, path: string, what: 'r' | 'w' | 'x'): Tried {
  const tried = tryAs(user, ['test', `-${what}`, path], process.env.PATH ?? '')
  if (!tried.known || tried.value === undefined) return tried
  const verb = { r: 'read', w: 'write', x: 'run' }[what]
  return known(isThere(path) ? `may not ${verb} ${path}` : `cannot find ${path}`)
}

function tryAs({ name, uid, gid }: User, [program = '', ...values]: readonly string[], searchPath: string): Tried {
  const own = process.getuid?.()
  if (own !== uid && own !== 0) return unknown(`only root can check what ${name} may do: run this with sudo`)
  const { error, status, stderr } = spawnSync(program, values, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { PATH: searchPath },
    ...(own !== uid && { uid, gid }),
  })
  if (error) return known(`cannot run ${program}: ${messageOf(error)}`)
  return known(
    status === 0 ? undefined : stderr.trim().split('\n', 1)[0] || `${basename(program)} exited with ${status}`,
  )
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.F_OK)
    return true
  } catch {
    return false
  }
}

export type HookPlace = {
  readonly configPath: string
  /** PATH of keepalived's scripts. */
  readonly searchPath: string
  /** script_user */
  readonly scriptUser: string | undefined
}

/** Checks what hooks do as their users, which may differ: run the program and read the config. */
export async function examineScriptUsers(scripts: readonly Script[], place: HookPlace): Promise<readonly Finding[]> {
  const keyOf = ({ command, user }: Script) => JSON.stringify([user, programIn(command) ?? command])
  const distinct = new Map(scripts.map((script) => [keyOf(script), script]))
  const all = await Promise.all(Array.from(distinct.values(), (script) => examineScript(script, place)))
  const problems = all.filter(({ verdict }) => verdict !== 'ok')
  const told = problems.length > 0 ? problems : all
  return told.filter(({ found }, index) => index === told.findIndex((each) => each.found === found))
}

async function examineScript(script: Script, { configPath, searchPath, scriptUser }: HookPlace): Promise<Finding> {
  const user = await learn(() => userOf(script, scriptUser))
  if (!user.known) return finding('script-user', 'fail', user.why, { mend: makeUser(DEFAULT_USER) })
  const { name } = user.value
  for (const tried of [tryScript(script, user.value, searchPath), tryAccess(user.value, configPath, 'r')]) {
    if (!tried.known) return finding('script-user', 'unknown', tried.why)
    if (tried.value === undefined) continue
    const mend = { command: commandLine('sudo', '-u', name, 'vip-switch', '--version') }
    return finding('script-user', 'fail', `${name}: ${tried.value}; no hook works`, { mend })
  }
  return finding('script-user', 'ok', `${name} can run vip-switch and read its config`)
}

function makeUser(name: string) {
  return { command: commandLine('sudo', 'useradd', '--system', '--shell', '/usr/sbin/nologin', name) }
}
