/** Default paths. Every hook loads this module first, so it imports nothing. An empty variable counts as unset. */

export const DEFAULT_CONFIG_PATH = '/etc/vip-switch/config.yaml'
export const DEFAULT_CONTROL_PATH = '/run/vip-switch/control.sock'
export const DEFAULT_STATE_DIRECTORY = '/run/vip-switch'
export const DEFAULT_HISTORY_DIRECTORY = '/var/lib/vip-switch'

/** The config's path: `--config`, then VIP_SWITCH_CONFIG, then the default. */
export function configPath(option: string | undefined): string {
  return option ?? (process.env.VIP_SWITCH_CONFIG || DEFAULT_CONFIG_PATH)
}

/** `--state-dir`, then systemd's RUNTIME_DIRECTORY (the first of its list), then the default. */
export function stateDirectory(option: string | undefined): string {
  return option ?? (process.env.RUNTIME_DIRECTORY?.split(':', 1)[0] || DEFAULT_STATE_DIRECTORY)
}

/** Where the history outlasts a reboot: `--state-dir`, then systemd's STATE_DIRECTORY, then the default. */
export function historyDirectory(option: string | undefined): string {
  return option ?? (process.env.STATE_DIRECTORY?.split(':', 1)[0] || DEFAULT_HISTORY_DIRECTORY)
}
