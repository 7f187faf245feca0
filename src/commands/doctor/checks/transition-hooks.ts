/**
 * Checks that the commands in the config's `hooks` can be run: by the daemon or, without one, by keepalived's script
 * user.
 */
import { statSync } from 'node:fs'
import type { Config } from '../../../config/schema.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Fact, finding, known, learn } from './fact.ts'
import { type Tried, tryAccess, type User, userOf } from './script-user.ts'

/** The users that may have to run them. */
export type Runners = {
  readonly daemon: Fact<User>
  /** The user of keepalived's hooks, if one calls vip-switch. */
  readonly hook: Fact<User> | undefined
}

/** Hidden from the daemon by its unit (systemd.exec(5), ProtectHome=). */
const HIDDEN = ['/home/', '/root/', '/run/user/']

/** The owner of the daemon's control socket, else root. */
export function daemonUser(control: string): Promise<Fact<User>> {
  return learn(() => userOf({ user: String(ownerOf(control)) }, undefined))
}

function ownerOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.uid ?? 0
}

/** Empty for a VRRP instance without hooks. @param tryRun tries whether a user may run a program */
export function judgeTransitionHooks(
  name: string,
  { instances }: Pick<Config, 'instances'>,
  runners: Runners,
  tryRun: (user: User, path: string) => Tried = tryProgram,
): readonly Finding[] {
  const hooks = Object.entries(instances[name]?.hooks ?? {}).flatMap(([event, hook]) =>
    hook ? [{ event, path: hook.run[0] }] : [],
  )
  if (hooks.length === 0) return []
  const problems = hooks.flatMap(({ event, path }) => problemOf(name, event, path, runners, tryRun) ?? [])
  if (problems.length > 0) return problems
  return [
    finding('transition-hooks', 'ok', hooks.map(({ event, path }) => `${event} ${path}`).join(', '), { subject: name }),
  ]
}

function problemOf(
  subject: string,
  event: string,
  path: string,
  { daemon, hook }: Runners,
  tryRun: (user: User, path: string) => Tried,
): Finding | undefined {
  const say = (verdict: Finding['verdict'], found: string, advice?: string) =>
    finding('transition-hooks', verdict, `${event}: ${found}`, { subject, mend: advice ? { advice } : undefined })
  const key = `instances.${subject}.hooks.${event}.run in the config`
  const modes = `chmod a+x ${path}, and make all its parent directories accessible: namei -l ${path}`
  const adviceOn = (why: string) => (why.includes(' cannot find ') ? `create ${path}, or correct ${key}` : modes)

  const byDaemon = tryBy(daemon, path, tryRun)
  if (!byDaemon.known) return say('unknown', byDaemon.why)
  if (byDaemon.value) return say('fail', `${byDaemon.value}; the hook cannot run`, adviceOn(byDaemon.value))
  if (HIDDEN.some((directory) => path.startsWith(directory))) {
    const found = `${path} is hidden from the daemon by its unit’s default ProtectHome`
    return say('warn', found, `move it to /usr/local/bin, and correct ${key}`)
  }
  const byHook = hook ? tryBy(hook, path, tryRun) : known(undefined)
  if (!byHook.known) return say('unknown', byHook.why)
  if (byHook.value)
    return say('warn', `${byHook.value}; the hook cannot run without the daemon`, adviceOn(byHook.value))
  return undefined
}

/** Adds the user's name to the reason. */
function tryBy(user: Fact<User>, path: string, tryRun: (user: User, path: string) => Tried): Tried {
  if (!user.known) return user
  const tried = tryRun(user.value, path)
  return tried.known && tried.value ? known(`${user.value.name} ${tried.value}`) : tried
}

/** A directory may be executable, but is not a program. */
function tryProgram(user: User, path: string): Tried {
  return isDirectory(path) ? known(`cannot run ${path}: it is a directory`) : tryAccess(user, path, 'x')
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // Missing or inaccessible, which trying it shows.
  }
}
