import * as z from 'zod'
import { partitionOf } from '../../../core/partition.ts'
import { policySchema } from '../iam/policy.ts'

const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`), `must be like ${prefix}-0a1b2c3d4e5f60718`)
const account = z.string().regex(/^\d{12}$/, 'must be 12 digits')
const tags = z.record(z.string(), z.string())

const networkInterface = z.strictObject({
  id: id('eni').optional(),
  /** The first address is primary, and the interface is in the subnet that contains it. Without IPv4, the first IPv6. */
  addresses: z.array(z.ipv4()).default([]),
  ipv6: z.array(z.ipv6()).default([]),
  sourceDestCheck: z.boolean().default(true),
  securityGroups: z.array(z.string()).default(['default']),
  tags: tags.default({}),
})

/** Default metadata options of an instance, as in Amazon Linux 2023. */
export const DEFAULT_METADATA = { endpoint: 'enabled', tokens: 'required', hopLimit: 2 } as const

const instance = z.strictObject({
  id: id('i').optional(),
  state: z.enum(['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated']).default('running'),
  metadata: z
    .strictObject({
      endpoint: z.enum(['enabled', 'disabled']).default(DEFAULT_METADATA.endpoint),
      tokens: z.enum(['required', 'optional']).default(DEFAULT_METADATA.tokens),
      hopLimit: z.int().min(1).max(64).default(DEFAULT_METADATA.hopLimit),
    })
    .prefault({}),
  /** Ordered by device index. A string is an interface's only address. */
  interfaces: z.array(z.union([z.ipv4(), networkInterface])).min(1),
  tags: tags.default({}),
})

const target = z.string()

const routeTable = z.strictObject({
  id: id('rtb').optional(),
  main: z.boolean().default(false),
  /** Names of associated subnets. */
  subnets: z.array(z.string()).default([]),
  /**
   * By destination: a CIDR, or a prefix list's id or name. A target is an instance's name (its first interface),
   * `NAME/1` (its interface with that device index), or the id of an interface, gateway or network. `origin` is EC2's:
   * `EnableVgwRoutePropagation`, `Advertisement` …
   */
  routes: z
    .record(
      z.string(),
      z.union([
        target,
        z.strictObject({ to: target, propagated: z.boolean().default(false), origin: z.string().optional() }),
      ]),
    )
    .default({}),
  tags: tags.default({}),
})

const vpc = z.strictObject({
  id: id('vpc').optional(),
  /** The account that owns it, if it is shared with this one. */
  owner: account.optional(),
  /** IPv4 and IPv6; the first IPv4 CIDR is primary. */
  cidrs: z.array(z.union([z.cidrv4(), z.cidrv6()])).min(1),
  subnets: z
    .record(
      z.string(),
      z.strictObject({
        id: id('subnet').optional(),
        zone: z.string(),
        /** None in an IPv6-only subnet. */
        cidr: z.cidrv4().optional(),
        ipv6: z.array(z.cidrv6()).default([]),
        tags: tags.default({}),
      }),
    )
    .default({}),
  /** `default` always exists. */
  securityGroups: z
    .record(
      z.string(),
      z.strictObject({
        id: id('sg').optional(),
        description: z.string().default(''),
        ingress: z
          .array(
            z.strictObject({
              protocol: z.string(),
              ports: z.strictObject({ from: z.int(), to: z.int() }).optional(),
              /** A CIDR, or the name of a group. */
              from: z.string(),
            }),
          )
          .default([]),
        egress: z
          .array(
            z.strictObject({
              protocol: z.string(),
              ports: z.strictObject({ from: z.int(), to: z.int() }).optional(),
              /** A CIDR, or the name of a group. */
              to: z.string(),
            }),
          )
          .default([{ protocol: '-1', to: '0.0.0.0/0' }]),
        tags: tags.default({}),
      }),
    )
    .default({}),
  /** The subnets that none names have the default one, which lets everything through. */
  networkAcls: z
    .record(
      z.string(),
      z.strictObject({
        id: id('acl').optional(),
        /** Names of its subnets. */
        subnets: z.array(z.string()).default([]),
        entries: z
          .array(
            z.strictObject({
              number: z.int().min(1).max(32_766),
              egress: z.boolean().default(false),
              protocol: z.string().default('-1'),
              action: z.enum(['allow', 'deny']),
              cidr: z.union([z.cidrv4(), z.cidrv6()]),
            }),
          )
          .default([]),
        tags: tags.default({}),
      }),
    )
    .default({}),
  /** A string is the address of the only interface. */
  instances: z.record(z.string(), z.union([z.ipv4(), instance])).default({}),
  /** A main table is added if there is none. */
  routeTables: z.record(z.string(), routeTable).default({}),
  tags: tags.default({}),
})

/** A region as described by a file. A resource's name becomes its Name tag, and its id derives from it. */
export const seedSchema = z
  .strictObject({
    region: z
      .string()
      .refine((name) => partitionOf(name) !== undefined, 'must be an AWS region')
      .default('ap-northeast-1'),
    account: account.default('123456789012'),
    vpcs: z.record(z.string(), vpc),
    prefixLists: z
      .record(z.string(), z.strictObject({ id: id('pl').optional(), entries: z.array(z.string()) }))
      .default({}),
    /** Ids of existing gateways other than those in routes. */
    gateways: z.array(z.string()).default([]),
    /** Calls to deny; `resource` is an id or a route table's name. */
    deny: z.array(z.strictObject({ action: z.string(), resource: z.string().optional() })).default([]),
    /** IAM policies, by ARN of the account's user (`user/lab`) or of a role, without its path. */
    policies: z
      .record(z.string().regex(/^arn:[\w-]+:iam::\d{12}:(user\/lab|role\/[\w+=,.@-]+)$/), policySchema)
      .default({}),
  })
  .superRefine(({ region, policies }, context) => {
    const partition = partitionOf(region)?.id
    for (const arn of Object.keys(policies)) {
      if (arn.startsWith(`arn:${partition}:`)) continue
      context.addIssue({ code: 'custom', path: ['policies', arn], message: `must be in the partition ${partition}` })
    }
  })

/** A seed as written: fields with defaults are optional. */
export type Seed = z.input<typeof seedSchema>
export type ParsedSeed = z.output<typeof seedSchema>
export type VpcSeed = ParsedSeed['vpcs'][string]
