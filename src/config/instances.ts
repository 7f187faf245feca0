/** The VRRP instances of a config, by their names. */
import { Failure } from '../platform/errors.ts'
import type { Config, InstanceConfig } from './schema.ts'

/** @throws Failure of kind `config` naming the instances that there are */
export function instanceOf(config: Config, name: string): InstanceConfig {
  const instance = Object.hasOwn(config.instances, name) ? config.instances[name] : undefined
  if (instance) return instance
  const known = Object.keys(config.instances).join(', ')
  throw new Failure('config', `no VRRP instance "${name}" in the config`, {
    hint: `the config has ${known}; the name is the one of vrrp_instance (or vrrp_sync_group) in keepalived.conf`,
  })
}

/** That instance alone, or all of the config's. @throws Failure as instanceOf */
export function namesOf(config: Config, name: string | undefined): string[] {
  if (name === undefined) return Object.keys(config.instances)
  instanceOf(config, name)
  return [name]
}
