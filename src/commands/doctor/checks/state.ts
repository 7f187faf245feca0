/** The state directory: root's daemon and the hooks' user each need one that nobody else may write to. */
import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { both, type CommandLine, commandLine, pathWord } from '../../../core/command-line.ts'
import type { Finding } from '../../../core/finding.ts'
import { HOOKS, isRootsAlone, rootsAlone } from '../../../state/take-over.ts'
import { finding } from './fact.ts'
import { type Tried, tryAccess, type User } from './script-user.ts'

/** Undefined: it does not exist. */
export type Place = Pick<Stats, 'uid' | 'mode'> | undefined

export type StateFacts = {
  /** The state directory. */
  readonly state: Place
  /** The directory in it for hooks that do not run as root. */
  readonly hooks: Place
  /** Whether the hooks' user can make files there: tried as that user. */
  readonly writable: Tried
}

export function examineState(path: string, user: User): readonly Finding[] {
  const [state, hooks] = [path, join(path, HOOKS)].map((each) => lstatSync(each, { throwIfNoEntry: false }))
  const writable = tryAccess(user, placeOf(path, user, state), 'w')
  return judgeState(path, user, { state, hooks, writable })
}

/** Where this user's hooks keep their state. */
function placeOf(path: string, { uid }: User, state: Place): string {
  return uid === 0 || uid === state?.uid ? path : join(path, HOOKS)
}

export function judgeState(path: string, user: User, { state, hooks, writable }: StateFacts): readonly Finding[] {
  const fail = (found: string, command: CommandLine) => [
    finding('state-directory', 'fail', found, { mend: { command } }),
  ]
  if (state && state.uid !== user.uid && !isRootsAlone(state)) {
    return fail(`users other than root may write to ${path}: root keeps nothing there`, rootsAlone(path))
  }
  const place = placeOf(path, user, state)
  if (place !== path && hooks && hooks.uid !== 0 && hooks.uid !== user.uid) {
    const mend = commandLine('sudo', 'chown', user.name, pathWord(place))
    return fail(`${place} is owned by uid ${hooks.uid}, not by ${user.name}: concurrent hooks cannot be ordered`, mend)
  }
  if (!writable.known) return [finding('state-directory', 'unknown', writable.why)]
  if (writable.value === undefined) return [finding('state-directory', 'ok', `${place}, for ${user.name}`)]
  return fail(`${user.name} ${writable.value}: concurrent hooks cannot be ordered`, makeState(path, user))
}

function makeState(path: string, { uid, name }: User): CommandLine {
  const install = ['sudo', 'install', '--directory', '--mode', '0755']
  const roots = commandLine(...install, pathWord(path))
  return uid === 0 ? roots : both(roots, commandLine(...install, '--owner', name, pathWord(join(path, HOOKS))))
}
