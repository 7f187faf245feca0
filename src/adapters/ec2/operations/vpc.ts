/** A VPC's route tables and subnets, and which subnet uses which table. */
import {
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  type RouteTable as SdkRouteTable,
  type Subnet as SdkSubnet,
} from '@aws-sdk/client-ec2'
import type { RouteTable } from '../../../core/route.ts'
import { type Destination, parseDestination } from '../../../core/vip.ts'
import { type Ec2, sendPaged } from '../client.ts'
import { idFilter } from './interfaces.ts'
import { tableOf } from './tables.ts'

const PAGE_SIZE = 100

export type VpcTable = RouteTable & {
  /** Whether it is the VPC's main table, used by every subnet without its own. */
  readonly isMain: boolean
  /** Explicitly associated subnets. */
  readonly subnets: readonly string[]
}

export type Subnet = {
  readonly id: string
  readonly name: string | undefined
  readonly vpc: string
  readonly cidrs: readonly Destination[]
}

/** Reads every route table of these VPCs, or of the region. @throws Ec2Error */
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

/** Reads every visible subnet of these VPCs. @throws Ec2Error */
export async function readSubnets(ec2: Ec2, vpcs: readonly string[], signal: AbortSignal): Promise<Subnet[]> {
  const subnets = await sendPaged(
    'reading subnets',
    (NextToken, options) =>
      ec2.own.send(
        new DescribeSubnetsCommand({ Filters: [idFilter('vpc-id', vpcs)], MaxResults: PAGE_SIZE, NextToken }),
        options,
      ),
    (page) => page.Subnets,
    signal,
  )
  return subnets.map(subnetOf)
}

/** The table that a subnet uses: the one associated with it, else its VPC's main table. */
export function tableOfSubnet(tables: readonly VpcTable[], subnet: string, vpc: string): VpcTable | undefined {
  return (
    tables.find(({ subnets }) => subnets.includes(subnet)) ?? tables.find((table) => table.isMain && table.vpc === vpc)
  )
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociationState.html */
const NOT_ASSOCIATED: readonly (string | undefined)[] = ['disassociating', 'disassociated', 'failed']

function associationsOf({ Associations = [] }: SdkRouteTable): Pick<VpcTable, 'isMain' | 'subnets'> {
  const valid = Associations.filter(({ AssociationState }) => !NOT_ASSOCIATED.includes(AssociationState?.State))
  return {
    isMain: valid.some(({ Main }) => Main === true),
    subnets: valid.flatMap(({ SubnetId }) => SubnetId ?? []),
  }
}

function subnetOf({
  SubnetId = '',
  VpcId = '',
  Tags = [],
  CidrBlock,
  Ipv6CidrBlockAssociationSet = [],
}: SdkSubnet): Subnet {
  const cidrs = [CidrBlock, ...Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)]
  return {
    id: SubnetId,
    name: Tags.find(({ Key }) => Key === 'Name')?.Value,
    vpc: VpcId,
    cidrs: cidrs.flatMap((cidr) => (cidr ? [parseDestination(cidr)] : [])),
  }
}
