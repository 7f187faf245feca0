import { renameSync, writeFileSync } from 'node:fs'
import type { VrrpState } from './election.ts'

/** Writes the part of keepalived's data (vrrp_data.c, dump_vrrp) that tells the instances' states; `since` in milliseconds. */
export function dataDump(
  file: string,
  instances: ReadonlyMap<string, { readonly state: VrrpState; readonly since: number }>,
  { address, priority }: { readonly address: string; readonly priority: number },
): void {
  const lines = [
    '------< VRRP Topology >------',
    ...[...instances].flatMap(([name, { state, since }]) => [
      ` VRRP Instance = ${name}`,
      '   VRRP Version = 3',
      `   State = ${state}`,
      `   Wantstate = ${state}`,
      `   Last transition = ${since / 1000} (${new Date(since).toISOString()})`,
      `   Using src_ip = ${address} (from configuration)`,
      `   Priority = ${priority}`,
      `   Effective priority = ${priority}`,
    ]),
    '------< VRRP Sockpool >------',
    '',
  ]
  writeFileSync(`${file}.new`, lines.join('\n'))
  renameSync(`${file}.new`, file)
}
