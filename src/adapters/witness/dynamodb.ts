/**
 * DynamoDB as witness: each node's claim is an item in one table, and every node reads them all. Pins are still tags,
 * and EC2 tells whether an interface is attached.
 */
import { randomUUID } from 'node:crypto'
import { type AttributeValue, DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../core/claim.ts'
import { type EniId, isEniId } from '../../core/ids.ts'
import { systemClock } from '../../platform/clock.ts'
import type { Ec2 } from '../ec2/client.ts'
import { Ec2Error } from '../ec2/errors.ts'
import { holdersOf, readById, readTagged, vpcsOf, withSourceDestCheck } from '../ec2/operations/tags.ts'
import { AnswerHandler } from '../ec2/transport/answers.ts'
import { openConnections } from '../ec2/transport/connections.ts'
import { sendNow } from '../ec2/transport/send-now.ts'
import { claimOf, type Parsed, parsedTags, parsePin, pinKey } from './tag.ts'
import type { Witness, WitnessReport } from './witness.ts'

/**
 * Shorter than EC2's: DynamoDB answers within milliseconds, and a hung publish must leave time for another within a ttl
 * of three seconds.
 */
const TIMEOUT_MS = 1000

/**
 * Seconds that an item is kept after its last beat. If the item of a live node is deleted, the node publishes it again.
 */
const KEPT_FOR = 7 * 86_400

/** Hints for errors with one likely cause. */
const REMEDIES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'create the table in this region: see docs/dynamodb.md',
  ValidationException: 'the table must have the keys in docs/dynamodb.md',
  AccessDeniedException: 'attach the IAM policy that vip-switch iam-policy prints to this role',
  ECONNREFUSED: 'check AWS_ENDPOINT_URL_DYNAMODB, the proxy and the route to DynamoDB',
  ETIMEDOUT: 'check the route, the security group and the VPC endpoint to DynamoDB',
  TimeoutError: 'check the route, the security group and the VPC endpoint to DynamoDB',
}

type Place = { readonly cluster: string; readonly table: string }
type Item = Readonly<Record<string, AttributeValue>>
/** @property eni from the item's key */
type Named = { readonly instance: string; readonly eni: EniId; readonly parsed: Parsed<Claim> }

/** @param instances the VRRP instances whose claims are read, in one query */
export function dynamoDbWitness(ec2: Ec2, { cluster, table }: Place, instances: readonly string[]): Witness {
  const client = new DynamoDBClient({
    region: ec2.region,
    credentials: ec2.credentials.provide,
    // The agent retries: it knows whether a claim is still the newest.
    maxAttempts: 1,
    requestHandler: new AnswerHandler({
      connectionTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
      answerTimeout: TIMEOUT_MS,
      ...openConnections({ clock: systemClock, connectTimeoutMs: TIMEOUT_MS }),
    }),
  })
  ec2.credentials.watch(client)
  const pinKeys = instances.map((instance) => pinKey(cluster, instance))
  const writer = randomUUID()

  function send<Output>(
    attempted: string,
    call: (options: { abortSignal: AbortSignal }) => Promise<Output>,
    signal: AbortSignal,
  ): Promise<Output> {
    return sendNow(attempted, call, signal, { failure: (error) => new DynamoDbError(attempted, error) })
  }

  async function readClaims(signal: AbortSignal): Promise<Named[]> {
    const items: Item[] = []
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined
    do {
      const command = new QueryCommand({
        TableName: table,
        KeyConditionExpression: '#cluster = :cluster',
        ExpressionAttributeNames: { '#cluster': 'cluster' },
        ExpressionAttributeValues: { ':cluster': { S: cluster } },
        ConsistentRead: true,
        ExclusiveStartKey,
      })
      const page = await send(`reading claims in ${table}`, (options) => client.send(command, options), signal)
      items.push(...(page.Items ?? []))
      ExclusiveStartKey = page.LastEvaluatedKey
    } while (ExclusiveStartKey)
    return items.flatMap((item) => parseItem(item) ?? [])
  }

  return {
    async publish(instance, claim, signal) {
      const command = new PutItemCommand({
        TableName: table,
        Item: itemOf(cluster, instance, claim, writer),
        // A late request of this process never overwrites a newer one. Between processes the last request wins, as with
        // tags: a clock set back must not stop a restarted daemon from publishing.
        ConditionExpression: 'attribute_not_exists(#writer) OR #writer <> :writer OR #beat <= :beat',
        ExpressionAttributeNames: { '#writer': 'writer', '#beat': 'beat' },
        ExpressionAttributeValues: { ':writer': { S: writer }, ':beat': { S: claim.beat } },
      })
      await send(`publishing the claim of ${claim.eni} in ${table}`, (options) => client.send(command, options), signal)
    },

    async read(signal) {
      const [{ claims, attached }, { interfaces, date }] = await Promise.all([
        readClaims(signal).then(async (found) => {
          const enis = [...new Set(found.map(({ eni }) => eni))]
          return { claims: found, attached: await readById(ec2, enis, signal) }
        }),
        readTagged(ec2, pinKeys, signal),
      ])
      const holders = holdersOf([...interfaces, ...attached])
      return new Map(
        instances.map((instance): [string, WitnessReport] => {
          const parsed = claims.filter((each) => each.instance === instance).map((each) => each.parsed)
          const own = parsed.flatMap(({ value }) => value ?? [])
          const pins = parsedTags(interfaces, pinKey(cluster, instance), parsePin)
          const detached = [...own, ...pins.values].map(({ eni }) => eni).filter((eni) => !holders.has(eni))
          const isUnreachable = (claim: Claim) => !holders.has(claim.eni)
          return [
            instance,
            {
              claims: own.map((claim) => ({ claim, isUnreachable: isUnreachable(claim) })),
              pins: pins.values,
              doubts: [...parsed.flatMap(({ doubt }) => doubt ?? []), ...pins.doubts],
              detached: new Set(detached),
              checked: withSourceDestCheck([...interfaces, ...attached]),
              holders,
              vpcs: vpcsOf([...interfaces, ...attached]),
              date,
            },
          ]
        }),
      )
    },
  }
}

/** A failed call to DynamoDB, with EC2's error classes. */
class DynamoDbError extends Ec2Error {
  override name = 'DynamoDbError'

  constructor(attempted: string, error: unknown) {
    super(attempted, error, undefined, { service: { name: 'DynamoDB', remedies: REMEDIES } })
  }
}

/**
 * `claim` is the sort key: a VRRP instance's name contains no `#`. The other attributes can be read in the console,
 * too.
 */
function itemOf(cluster: string, instance: string, claim: Claim, writer: string): Record<string, AttributeValue> {
  const { eni, state, priority, address, since, beat } = claim
  return {
    cluster: { S: cluster },
    claim: { S: `${instance}#${eni}` },
    state: { S: state },
    ...(priority !== undefined && { prio: { N: `${priority}` } }),
    addr: { S: address },
    since: { S: since },
    beat: { S: beat },
    writer: { S: writer },
    expires: { N: `${Math.floor(Date.parse(beat) / 1000) + KEPT_FOR}` },
  }
}

/** Parses a claim's item; items with other keys are not ours. */
function parseItem(item: Item): Named | undefined {
  const fields = Object.fromEntries(Object.entries(item).map(([name, { S, N }]) => [name, S ?? N]))
  const [instance, eni = '', ...rest] = fields.claim?.split('#') ?? []
  if (instance === undefined || !isEniId(eni) || rest.length > 0) return undefined
  return { instance, eni, parsed: claimOf(eni, fields) }
}
