/** What remains to be done after `vip-switch init`. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DEFAULT_CONFIG_PATH } from '../../config/paths.ts'
import { both, type CommandLine, commandLine, literally, pathWord } from '../../core/command-line.ts'
import type { InitOptions, Plan } from './plan.ts'

/** The names of the files that init creates. */
export const CONFIG = 'config.yaml'
export const SNIPPET = 'keepalived.conf'
export const POLICY = 'iam-policy.json'
export const OWNERS_POLICY = 'iam-policy-route-owner.json'

/** Where the packages of distributions have it. npm installs no units and no users. */
const PACKAGED_UNITS = ['/usr/lib/systemd/system/vip-switch.service', '/lib/systemd/system/vip-switch.service']

type Step = readonly [command: CommandLine, purpose: string]

/** @param isIncluded whether keepalived.conf includes the snippet already */
export function nextSteps(
  { config, instances }: Plan,
  { directory, join: joined, assumeRole, peer }: InitOptions,
  isIncluded: boolean,
): readonly Step[] {
  const path = (name: string) => pathWord(join(directory, name))
  const configFlag = path(CONFIG) === DEFAULT_CONFIG_PATH ? [] : ['--config', path(CONFIG)]
  const [{ source } = {}] = instances
  const otherPeers = peer.length > 1 ? ['--peer', '…'] : []
  const steps: Step[] = []
  if (joined === undefined) {
    steps.push([putPolicy(path(POLICY)), 'once, for the instances’ role'])
    if (assumeRole !== undefined) steps.push([putPolicy(path(OWNERS_POLICY)), `once, for ${assumeRole}`])
  }
  if (!isIncluded) {
    const purpose = 'keepalived’s config; an existing one can include the snippet instead'
    steps.push([commandLine('sudo', 'cp', path(SNIPPET), '/etc/keepalived/keepalived.conf'), purpose])
  }
  if (!PACKAGED_UNITS.some((unit) => existsSync(unit))) {
    steps.push(
      [literally('sudo useradd --system --shell /usr/sbin/nologin keepalived_script'), 'the user that runs the hooks'],
      [literally('sudo cp "$(npm root --global)"/vip-switch/systemd/*.service /etc/systemd/system/'), 'the units'],
    )
  }
  const preflights = Object.keys(config.instances).map((name) => `vip-switch-preflight@${unitName(name)}`)
  steps.push(
    [
      both(
        commandLine('sudo', 'systemctl', 'enable', '--now', ...preflights, 'vip-switch'),
        literally('sudo systemctl restart keepalived'),
      ),
      'now and at every boot',
    ],
    [commandLine('sudo', 'vip-switch', 'doctor', ...configFlag), 'checks for anything still missing'],
  )
  if (joined === undefined) {
    const others = peer.length > 1 ? 'every other node' : 'the other node'
    const command = commandLine(
      'sudo',
      'vip-switch',
      'init',
      '--join',
      CONFIG,
      '--peer',
      source?.text ?? '…',
      ...otherPeers,
    )
    steps.push([command, `then on ${others}, with a copy of ${CONFIG}`])
  }
  return steps
}

function putPolicy(path: string): CommandLine {
  const policy = ['--policy-name', 'vip-switch', '--policy-document', `file://${resolve(path)}`]
  return commandLine('aws', 'iam', 'put-role-policy', '--role-name', '…', ...policy)
}

/** Escapes a name for use in a unit name, as systemd-escape(1) does. */
function unitName(instance: string): string {
  return instance.replace(/^\.|[^\w:./]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16)}`).replaceAll('/', '-')
}
