import type { Seed } from './seed.ts'

/** Two nodes in two zones, and a VIP outside the VPC, routed to the first node in both private tables. */
export const defaultSeed: Seed = {
  region: 'ap-northeast-1',
  vpcs: {
    lab: {
      cidrs: ['10.0.0.0/16', '2001:db8:10::/56'],
      subnets: {
        'private-a': { zone: 'ap-northeast-1a', cidr: '10.0.1.0/24', ipv6: ['2001:db8:10:1::/64'] },
        'private-c': { zone: 'ap-northeast-1c', cidr: '10.0.2.0/24', ipv6: ['2001:db8:10:2::/64'] },
      },
      securityGroups: { db: { description: 'VRRP between the nodes', ingress: [{ protocol: '112', from: 'db' }] } },
      instances: {
        'db-1': {
          interfaces: [
            { addresses: ['10.0.1.11'], ipv6: ['2001:db8:10:1::11'], sourceDestCheck: false, securityGroups: ['db'] },
          ],
        },
        'db-2': {
          interfaces: [
            { addresses: ['10.0.2.12'], ipv6: ['2001:db8:10:2::12'], sourceDestCheck: false, securityGroups: ['db'] },
          ],
        },
      },
      routeTables: {
        main: { main: true },
        'private-a': { subnets: ['private-a'], tags: { role: 'private' }, routes: { '10.99.0.10/32': 'db-1' } },
        'private-c': { subnets: ['private-c'], tags: { role: 'private' }, routes: { '10.99.0.10/32': 'db-1' } },
        public: { tags: { role: 'public' }, routes: { '0.0.0.0/0': 'igw-0f1e2d3c4b5a69788' } },
      },
    },
  },
  prefixLists: { vips: { entries: ['10.99.0.0/28'] } },
}
