/** What a VRRP instance's agent starts with: from the config, and from the saved view of the last look. */

import { claimTtlOf } from '../../config/claim-ttl.ts'
import { instanceOf } from '../../config/instances.ts'
import type { Config } from '../../config/schema.ts'
import type { EniId } from '../../core/ids.ts'
import type { Pin } from '../../core/pin.ts'
import { BEATING, defaultSettings, type Memory, type ProtocolSettings } from '../../core/protocol/state.ts'
import type { Clock } from '../../platform/clock.ts'
import { loadKnownRoutes, routeKeys } from './known-routes.ts'

/** @param intervalMs between a MASTER's reads: the config's interval, or a share of it */
export function settingsOf(config: Config, intervalMs: number): ProtocolSettings {
  return {
    ...defaultSettings(intervalMs, config.failover),
    ...(config.witness.type === 'dynamodb' && BEATING),
    ttlMs: claimTtlOf(config),
  }
}

/** The saved pin, unless it has expired by this host's clock; the next read tells for sure. */
export function pinOnStart(kept: Pin | undefined, wall: number): Pin | undefined {
  return kept && wall < kept.until ? kept : undefined
}

export function memoryOf(
  config: Config,
  name: string,
  node: {
    readonly eni: EniId
    readonly address: string
    readonly stateDirectory: string
    readonly clock: Clock
  },
): Memory {
  const { eni, address, stateDirectory, clock } = node
  const view = loadKnownRoutes(stateDirectory, name, config)
  const pin = pinOnStart(view?.pin, clock.wall())
  const keys = routeKeys(view?.tables ?? [], instanceOf(config, name).vips)
  return { eni, address, keys, foreign: view?.foreign ?? [], pin }
}
