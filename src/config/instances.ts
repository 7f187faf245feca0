/** Looks up the VRRP instances of a config by name. */
import { Failure } from '../platform/errors.ts'
import type { Config, InstanceConfig } from './schema.ts'

/** @throws Failure of kind `config` naming the existing instances */
export function instanceOf(config: Config, name: string): InstanceConfig {
  const instance = Object.hasOwn(config.instances, name) ? config.instances[name] : undefined
  if (instance) return instance
  const known = Object.keys(config.instances).join(', ')
  throw new Failure('config', `no VRRP instance "${name}" in the config`, {
    hint: `the config has ${known}; use the name of the vrrp_instance (or vrrp_sync_group) in keepalived.conf`,
  })
}

/** The named instance, or all of them. @throws Failure as instanceOf */
export function namesOf(config: Config, name: string | undefined): string[] {
  if (name === undefined) return Object.keys(config.instances)
  instanceOf(config, name)
  return [name]
}
