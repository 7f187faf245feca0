/** What keepalived writes when it is asked: its JSON, and its data in plain text. */

export type Told = {
  name: string
  state: 'MASTER' | 'BACKUP' | 'FAULT'
  priority: number
  group?: string
  address?: string
}

const codes = { BACKUP: 1, MASTER: 2, FAULT: 3 }

export const jsonOf = (instances: readonly Told[]) =>
  instances.map(({ name, state, priority }) => ({
    data: {
      iname: name,
      ifp_ifname: 'eth0',
      last_transition: 1795453332.647707,
      effective_priority: priority,
      vipset: state === 'MASTER',
      state: codes[state],
      wantstate: codes[state],
      vips: ['10.99.0.10 dev lo scope global set'],
    },
    stats: { advert_rcvd: 0, become_master: 3 },
  }))

export const dataOf = (instances: readonly Told[]) =>
  [
    '------< Global definitions >------',
    ' Router ID = vm',
    '------< VRRP Topology >------',
    ...instances.flatMap(({ name, state, priority, group, address = '10.0.1.11' }) => [
      ` VRRP Instance = ${name}`,
      '   VRRP Version = 3',
      ...(group ? [`   Sync group = ${group}`] : []),
      `   State = ${state}`,
      '   Flags:',
      '     Using unicast',
      `   Wantstate = ${state}`,
      '   Last transition = 1795453332.647707 (Mon Nov 23 17:02:12.647707 2026)',
      `   Using src_ip = ${address} (from configuration)`,
      '   Priority = 150',
      `   Effective priority = ${priority}`,
      '   Virtual IP (1):',
      '     10.99.0.10 dev lo scope global set',
    ]),
    '------< VRRP Sockpool >------',
    ' fd_in 14 fd_out = 15',
    '',
  ].join('\n')

export const master: Told = { name: 'VI_1', state: 'MASTER', priority: 150, group: 'VG 1' }
