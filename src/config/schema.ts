/** The config file's schema: the single source of its types, validation, defaults and JSON Schema. */
import * as z from 'zod'
import { type EniId, isEniId, isRouteTableId, REGION, type RouteTableId } from '../core/ids.ts'
import { ttlOf } from '../core/liveness.ts'
import { type Destination, InvalidDestination, parseVip } from '../core/vip.ts'
import { DEFAULT_CONTROL_PATH } from './paths.ts'
import { duration, either, parsed, section } from './section.ts'
import { transitionHooks } from './transition-hooks.ts'
import { witness } from './witness.ts'

/** How a config or an operator selects route tables. */
export type TableSelector =
  | { readonly kind: 'id'; readonly id: RouteTableId }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> }

/** @throws InvalidDestination if it is nearly one; otherwise, what is allowed says enough */
function vipOf(text: string): Destination | undefined {
  try {
    return parseVip(text)
  } catch (error) {
    if (error instanceof InvalidDestination && error.isOther) return undefined
    throw error
  }
}

const vip = parsed<Destination>('an IPv4 or IPv6 address, a CIDR, or a prefix list (pl-…)', vipOf).meta({
  description: 'Destination of the route: an address (/32 or /128 implied), a CIDR, or a managed prefix list.',
  examples: ['10.99.0.10', '2001:db8:99::10', 'pl-0a1b2c3d'],
})

/**
 * Rejects duplicate VIPs, however they are spelled. Runs despite other errors, so it skips entries that did not parse.
 */
function eachOnce(vips: readonly Destination[], context: z.core.$RefinementCtx) {
  const seen = new Map<string, number>()
  for (const [index, each] of vips.entries()) {
    if (typeof each !== 'object' || !('kind' in each)) continue
    const text = JSON.stringify(each)
    const first = seen.get(text)
    if (first !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [index],
        message: `must be listed once; it is the same as vips[${first}]`,
      })
    }
    seen.set(text, first ?? index)
  }
}

const tags = z.record(z.string(), z.string({ error: 'a string (quote numbers and true/false)' }), {
  error: 'a mapping of tags',
})

const SELECTOR_FORM = 'a route table’s id (rtb-…), { name: … } or { tags: { key: value } }'
const TAGS_FORM = 'must have texts as tags: put quotes around numbers, true and false'

function hasOtherTags(input: unknown): boolean {
  const { tags }: { tags?: unknown } = Object(input)
  return typeof tags === 'object' && Object.values(Object(tags)).some((value) => typeof value !== 'string')
}

const selector = z
  .union(
    [
      z.string().refine(isRouteTableId, { error: SELECTOR_FORM }),
      z.strictObject({ name: z.string().min(1) }),
      z.strictObject({ tags: tags.refine((value) => Object.keys(value).length > 0) }),
    ],
    { error: ({ input }) => (hasOtherTags(input) ? TAGS_FORM : SELECTOR_FORM) },
  )
  .transform((value): TableSelector => {
    if (typeof value === 'string') return { kind: 'id', id: value }
    return 'name' in value ? { kind: 'name', name: value.name } : { kind: 'tags', tags: value.tags }
  })
  .meta({ description: 'Selects route tables: one by id, one by its Name tag, or all with these tags.' })

const eni = parsed<EniId>('a network interface’s id (eni-…)', (text) => (isEniId(text) ? text : undefined))

const path = z.string({ error: 'an absolute path' }).regex(/^\//, { error: 'an absolute path' })

/** Maximum number of routes in a table (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html). */
const MAX_VIPS = 1000

const instance = section({
  vips: z
    .array(vip, { error: 'a list of VIPs' })
    .min(1, { error: 'must have at least one VIP' })
    .max(MAX_VIPS, { error: `must have at most ${MAX_VIPS} VIPs, the limit of a route table` })
    .superRefine(eachOnce, { when: ({ value }) => Array.isArray(value) }),
  routeTables: z
    .array(selector, { error: 'a list of route tables' })
    .min(1, { error: 'must have at least one route table' }),
  createMissing: z.boolean({ error: 'true or false' }).default(true).meta({
    description: 'Whether to create a missing route.',
  }),
  priority: z
    .int({ error: 'a whole number from 1 to 255' })
    .min(1, { error: 'a whole number from 1 to 255' })
    .max(255, { error: 'a whole number from 1 to 255' })
    .optional()
    .meta({ description: 'VRRP priority, if keepalived does not report it (sync groups).' }),
  takeOver: z
    .array(z.string().regex(/^([a-z]+-[0-9a-f]+|arn:\S+)$/, { error: 'an id, such as nat-0a1b2c3d or tgw-0a1b2c3d' }), {
      error: 'a list of ids',
    })
    .default([])
    .meta({ description: 'Ids of foreign targets, such as gateways, whose routes may be replaced.' }),
  hooks: transitionHooks.optional().meta({ description: 'Commands to run after a transition. Default: none.' }),
})

export const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
export const CLUSTER_NAME_FORM = 'a name of up to 63 letters, digits, dots, dashes and underscores'

/** A VRRP instance's name is part of a tag key, which EC2 limits in charset and to 128 characters. */
export const INSTANCE_NAME = /^[\w .:/=+@-]{1,48}$/
export const INSTANCE_NAME_FORM = 'a name of up to 48 letters, digits, spaces and _ . : / = + @ -'
const instanceName = z.string().regex(INSTANCE_NAME, { error: INSTANCE_NAME_FORM })

const keepalived = section({
  fifo: path.default('/run/vip-switch/notify.fifo').meta({ description: 'vrrp_notify_fifo of keepalived.conf.' }),
  pidFile: path.default('/run/keepalived.pid').meta({ description: 'keepalived’s pid file.' }),
})

/** Claims per resource, out of 50 tags (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html). */
const MAX_CLAIMS = 40

/** As the kernel allows (dev_valid_name), minus invisible characters. */
export const INTERFACE_NAME = /^[^\s/\p{C}]{1,15}$/u

/** EC2 answers a read within a second; and whatever a MASTER misses goes unrepaired for the interval. Milliseconds. */
const INTERVAL = { least: 1000, most: 600_000 }

/** EC2 lets an account write 5 routes per second (ec2-api-throttling), so this many take over half an hour. */
const MAX_ROUTES = 10_000

/** A zone's name is its region's and a letter. */
function zoneAdvice(text: string): string {
  const region = text.slice(0, -1)
  return /[a-z]$/.test(text) && REGION.test(region) ? `; did you mean "${region}"?` : ''
}

export const configSchema = section({
  cluster: z.string({ error: 'a name for this cluster' }).regex(CLUSTER_NAME, { error: CLUSTER_NAME_FORM }),
  region: z
    .string({ error: 'an AWS region' })
    .regex(REGION, { error: ({ input }) => `an AWS region, such as ap-northeast-1${zoneAdvice(String(input))}` })
    .optional()
    .meta({ description: 'Default: the region of the environment or profile, else of this instance (IMDS).' }),
  interface: z
    .string({ error: 'a network interface of this host' })
    .regex(INTERFACE_NAME, { error: 'a network interface of this host, such as eth0' })
    .optional()
    .meta({
      description: 'The interface whose ENI becomes the target. Default: the primary one, unless eni is given.',
    }),
  eni: eni.optional().meta({ description: 'The ENI that becomes the target, if IMDS is unavailable.' }),
  vpc: z
    .string({ error: 'a VPC’s id (vpc-…)' })
    .regex(/^vpc-[0-9a-f]+$/, { error: 'a VPC’s id (vpc-…)' })
    .optional()
    .meta({
      description:
        'The VPC in which route tables are selected by name or tags. Default: that of the interface, else that of the nodes.',
    }),
  instances: z
    .record(instanceName, instance, {
      error: (issue) =>
        issue.code === 'invalid_key'
          ? INSTANCE_NAME_FORM
          : 'a mapping from VRRP instance (or sync group) to its VIPs and tables',
    })
    .refine((value) => Object.keys(value).length > 0, { error: 'must have at least one VRRP instance' })
    .meta({ description: 'VRRP instances and sync groups, by their name in keepalived.conf.' }),
  interval: duration(INTERVAL).prefault('5s').meta({ description: 'Time between a MASTER’s reads of EC2.' }),
  failover: either(['fast', 'safe']).default('fast').meta({
    description: 'fast: a new MASTER writes first and asks later; safe: it asks first.',
  }),
  witness: witness.prefault({}),
  keepalived: keepalived.prefault({}),
  control: path.default(DEFAULT_CONTROL_PATH).meta({ description: 'The daemon’s control socket.' }),
  assumeRole: z
    .string({ error: 'a role’s ARN' })
    .regex(/^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/, {
      error: 'a role’s ARN, arn:aws:iam::123456789012:role/name',
    })
    .optional()
    .meta({ description: 'Role of the account that owns the route tables (shared VPC).' }),
})
  .superRefine(
    (config, context) => {
      if (config.interface !== undefined && config.eni !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['eni'],
          message: 'must not be set beside interface: keep one of the two',
        })
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .superRefine(({ interval, witness: { type, ttl } }, context) => {
    if (type === 'ec2-tags' && ttl !== undefined && ttl < ttlOf(interval)) {
      const shortest = `at least ${ttlOf(interval) / 1000}s with this interval, since reads may be stale for seconds`
      context.addIssue({ code: 'custom', path: ['witness', 'ttl'], message: shortest })
    }
  })
  .superRefine(({ instances, witness: { type } }, context) => {
    const count = Object.keys(instances).length
    if (type === 'ec2-tags' && count > MAX_CLAIMS) {
      const message = `dynamodb for more than ${MAX_CLAIMS} VRRP instances: each needs a tag on this node's interface, which can have 50`
      context.addIssue({ code: 'custom', path: ['witness', 'type'], message })
    }
  })
  .superRefine(({ instances }, context) => {
    const counts = Object.values(instances).map(({ vips, routeTables }) => vips.length * routeTables.length)
    const count = counts.reduce((sum, each) => sum + each, 0)
    if (count > MAX_ROUTES) {
      const message = `must have at most ${MAX_ROUTES} routes (VIPs times route tables), not ${count}: EC2 lets an account write 5 per second`
      context.addIssue({ code: 'custom', path: ['instances'], message })
      return
    }
    for (const { path, owner } of sharedRoutes(instances)) {
      context.addIssue({ code: 'custom', path, message: `a VIP that ${owner} does not also have in the same tables` })
    }
  })

export type Config = z.output<typeof configSchema>
export type InstanceConfig = Config['instances'][string]

/** Paths of VIPs that another instance also has in the same tables, as far as the selectors alone can tell. */
function* sharedRoutes(instances: Readonly<Record<string, z.output<typeof instance>>>) {
  const owners = new Map<string, string>()
  for (const [name, { vips, routeTables }] of Object.entries(instances)) {
    for (const [index, each] of vips.entries()) {
      for (const table of routeTables) {
        const route = JSON.stringify([each, table])
        const owner = owners.get(route)
        if (owner !== undefined && owner !== name) yield { path: ['instances', name, 'vips', index], owner }
        owners.set(route, owner ?? name)
      }
    }
  }
}

/** The file's JSON Schema, for editors (`# yaml-language-server: $schema=…`). */
export function configJsonSchema(): z.core.JSONSchema.BaseSchema {
  return { title: 'vip-switch config', ...z.toJSONSchema(configSchema, { io: 'input' }) }
}
