/** The commands of the config's `hooks`: whether whoever runs them can. The daemon does; without one, keepalived's script user. */
import { statSync } from 'node:fs'
import type { Config } from '../../../config/schema.ts'
import type { Finding } from '../../../core/finding.ts'
import { type Fact, finding, known, learn } from './fact.ts'
import { type Tried, tryAccess, type User, userOf } from './script-user.ts'

/** Who may have to run them. */
export type Runners = {
  readonly daemon: Fact<User>
  /** Undefined: no hook of keepalived's calls vip-switch. */
  readonly hook: Fact<User> | undefined
}

/** What is empty for a daemon that its unit protects so (systemd.exec(5), ProtectHome=). */
const HIDDEN = ['/home/', '/root/', '/run/user/']

/** The owner of the daemon's socket; where there is none, the user of its unit. */
export function daemonUser(control: string): Promise<Fact<User>> {
  return learn(() => userOf({ user: String(ownerOf(control)) }, undefined))
}

function ownerOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.uid ?? 0
}

/** Nothing for a VRRP instance without any. @param tryRun whether a user may run a program; tried, rather than worked out */
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
  const modes = `chmod a+x ${path}, and let every directory above it be entered: namei -l ${path}`
  const adviceOn = (why: string) => (why.includes(' finds no ') ? `make ${path}, or correct ${key}` : modes)

  const byDaemon = tryBy(daemon, path, tryRun)
  if (!byDaemon.known) return say('unknown', byDaemon.why)
  if (byDaemon.value) return say('fail', `${byDaemon.value}; nothing is run`, adviceOn(byDaemon.value))
  if (HIDDEN.some((directory) => path.startsWith(directory))) {
    const found = `${path} is hidden from the daemon, if ProtectHome of its unit is as it comes`
    return say('warn', found, `move it to /usr/local/bin, and correct ${key}`)
  }
  const byHook = hook ? tryBy(hook, path, tryRun) : known(undefined)
  if (!byHook.known) return say('unknown', byHook.why)
  if (byHook.value) return say('warn', `${byHook.value}; nothing is run where no daemon is`, adviceOn(byHook.value))
  return undefined
}

/** With the name of who cannot. */
function tryBy(user: Fact<User>, path: string, tryRun: (user: User, path: string) => Tried): Tried {
  if (!user.known) return user
  const tried = tryRun(user.value, path)
  return tried.known && tried.value ? known(`${user.value.name} ${tried.value}`) : tried
}

/** A directory may be entered, which is no reason to call it a program. */
function tryProgram(user: User, path: string): Tried {
  return isDirectory(path) ? known(`may not run ${path}, which is a directory`) : tryAccess(user, path, 'x')
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // Not there, or not to be seen: what trying it shows.
  }
}
