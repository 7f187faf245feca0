/** What of the routes is out of order, one thing at a time. */
import { describe, test } from 'vitest'
import { assertFound, type Case, tableNamed, wellSeed } from '../../../support/doctor.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf, setTarget } from '../../../support/node.ts'

startEndpointForEachTest(wellSeed)

const cases: Case[] = [
  {
    title: 'a table that is not there',
    run: { instance: { routeTables: [{ tags: { role: 'private' } }, { name: 'nowhere' }] } },
    finds: { check: 'tables', verdict: 'fail', subject: 'VI_1', found: /no route table matches the name nowhere/ },
  },
  {
    title: 'no table at all',
    run: { instance: { routeTables: [{ name: 'nowhere' }] } },
    finds: { check: 'tables', verdict: 'fail', found: /no route table matches/ },
  },
  {
    title: 'a forgotten table, of a node',
    run: { instance: { routeTables: [{ name: 'private-a' }] } },
    finds: {
      check: 'coverage',
      verdict: 'warn',
      subject: 'VI_1',
      found:
        /^rtb-\w+ \(private-c\) serves subnet-\w+ \(c\), subnet-\w+ \(other\), but has no route to 10\.99\.0\.10\/32/,
      mend: /^add rtb-\w+ to routeTables of VI_1/,
    },
  },
  {
    title: 'the forgotten main table',
    change: () => {
      tableNamed('private-c').subnetIds.pop()
    },
    finds: {
      check: 'coverage',
      verdict: 'warn',
      found: /\(main\), the main table, serves subnet-\w+ \(other\), but has no route/,
    },
  },
  {
    title: 'a VIP inside the VPC',
    run: { instance: { vips: ['10.0.9.9'] } },
    finds: {
      check: 'vip-range',
      verdict: 'fail',
      found: /^10\.0\.9\.9\/32 is inside the VPC’s own 10\.0\.0\.0\/16/,
      mend: /outside every CIDR/,
    },
  },
  {
    title: 'a network as VIP that is no subnet of the VPC',
    run: { instance: { vips: ['10.0.9.0/24'] } },
    finds: { check: 'vip-range', verdict: 'fail', found: /10\.0\.9\.0\/24 is inside/ },
  },
  {
    title: 'a whole subnet as VIP',
    run: { instance: { vips: ['10.0.3.0/24'] } },
    finds: { check: 'vip-range', verdict: 'ok', found: /^10\.0\.3\.0\/24 is a whole subnet$/ },
  },
  {
    title: 'a route that is somebody else’s',
    change: () => setTarget('private-a', { field: 'natGatewayId', id: 'nat-00000000000000001' }),
    finds: {
      check: 'routes',
      verdict: 'fail',
      subject: 'VI_1',
      found: /\(private-a\) is refused: .*nat-00000000000000001.*takeOver/,
    },
  },
  {
    title: 'a blackhole',
    change: () => {
      endpoint.region.interfaces.delete(eniOf('db-1'))
    },
    run: {},
    finds: { check: 'routes', verdict: 'warn', found: /points to eni-\w+ \(blackhole\): traffic is lost/ },
  },
  {
    title: 'routes at two nodes',
    change: () => setTarget('private-c', { field: 'networkInterfaceId', id: eniOf('db-2') }),
    finds: {
      check: 'routes',
      verdict: 'warn',
      found: /^not all at one node: .*\(private-a\) at db-1; .*\(private-c\) at db-2$/,
    },
  },
  {
    title: 'a route that is missing',
    change: () => {
      for (const name of ['private-a', 'private-c']) tableNamed(name).routes.pop()
    },
    finds: { check: 'routes', verdict: 'ok', found: /^2 missing; it will be created$/ },
  },
]

describe('is found', () => {
  test.each(cases)('$title', assertFound)
})
