/** What a VPC is made of: its route tables, and which subnets use each. */
import { DescribeRouteTablesCommand, type RouteTable as SdkRouteTable } from '@aws-sdk/client-ec2'
import type { RouteTable } from '../core/route.ts'
import { type Ec2, sendPaged } from './client.ts'
import { idFilter } from './interfaces.ts'
import { tableOf } from './tables.ts'

const PAGE_SIZE = 100

export type VpcTable = RouteTable & {
  /** The one that serves every subnet without a table of its own. */
  readonly isMain: boolean
  /** Those with which it is associated by name. */
  readonly subnets: readonly string[]
}

/** Every route table of these VPCs, or of the region. @throws Ec2Error */
export async function readVpcTables(
  ec2: Ec2,
  vpcs: readonly string[] | 'all',
  signal: AbortSignal,
): Promise<VpcTable[]> {
  const filters = vpcs === 'all' ? {} : { Filters: [idFilter('vpc-id', vpcs)] }
  const tables = await sendPaged(
    'reading the route tables of the VPC',
    (NextToken, options) =>
      ec2.routes.send(new DescribeRouteTablesCommand({ ...filters, MaxResults: PAGE_SIZE, NextToken }), options),
    (page) => page.RouteTables,
    signal,
  )
  return tables.flatMap((table) => tableOf(table).map((found) => ({ ...found, ...associationsOf(table) })))
}

function associationsOf({ Associations = [] }: SdkRouteTable): Pick<VpcTable, 'isMain' | 'subnets'> {
  return {
    isMain: Associations.some(({ Main }) => Main === true),
    subnets: Associations.flatMap(({ SubnetId }) => SubnetId ?? []),
  }
}
