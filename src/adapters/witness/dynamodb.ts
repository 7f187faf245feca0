/**
 * DynamoDB as witness: each node's claim is an item of one table, and every node reads them all. Pins stay tags, and whether
 * an interface carries anything is EC2's to tell.
 */
import { randomUUID } from 'node:crypto'
import { type AttributeValue, DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import type { Claim } from '../../core/claim.ts'
import { type EniId, isEniId } from '../../core/ids.ts'
import { systemClock } from '../../platform/clock.ts'
import type { Ec2 } from '../ec2/client.ts'
import { Ec2Error } from '../ec2/errors.ts'
import { checkedOf, holdersOf, readById, readTagged } from '../ec2/operations/tags.ts'
import { AnswerHandler } from '../ec2/transport/answers.ts'
import { openConnections } from '../ec2/transport/connections.ts'
import { sendNow } from '../ec2/transport/send-now.ts'
import { claimOf, type Parsed, parsedTags, parsePin, pinKey } from './tag.ts'
import type { Witness, WitnessReport } from './witness.ts'

/**
 * Shorter than EC2's: DynamoDB answers within milliseconds, and of a ttl of three seconds a publish that hangs must leave
 * enough for the next one.
 */
const TIMEOUT_MS = 1000

/** An item outlives its last beat by so much. One that is deleted and not forgotten is published again. Seconds. */
const KEPT_FOR = 7 * 86_400

/** What to do, where one thing is by far the likeliest. */
const REMEDIES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'create the table in this region: docs/dynamodb.md says how',
  ValidationException: 'the table’s keys must be those of docs/dynamodb.md',
  AccessDeniedException: 'give this role the IAM policy that vip-switch iam-policy prints',
  ECONNREFUSED: 'check AWS_ENDPOINT_URL_DYNAMODB, the proxy and the route to DynamoDB',
  ETIMEDOUT: 'check the route, the security group and the VPC endpoint to DynamoDB',
  TimeoutError: 'check the route, the security group and the VPC endpoint to DynamoDB',
}

type Place = { readonly cluster: string; readonly table: string }
type Item = Readonly<Record<string, AttributeValue>>
/** @property eni whose item it is, by its key */
type Named = { readonly instance: string; readonly eni: EniId; readonly parsed: Parsed<Claim> }

/** @param instances the VRRP instances whose claims are read, all in one query */
export function dynamoDbWitness(ec2: Ec2, { cluster, table }: Place, instances: readonly string[]): Witness {
  const client = new DynamoDBClient({
    region: ec2.region,
    credentials: ec2.credentials.provide,
    // Retries are the agent's: it knows whether a claim is still the newest.
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
        // A request of this process that comes late never hides a newer one. Of two processes the later request wins, as
        // with tags: a clock that was set back must not keep a daemon that was started anew from publishing.
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
              checked: checkedOf([...interfaces, ...attached]),
              holders,
              date,
            },
          ]
        }),
      )
    },
  }
}

/** A call to DynamoDB that did not succeed; its classes are EC2's. */
class DynamoDbError extends Ec2Error {
  override name = 'DynamoDbError'

  constructor(attempted: string, error: unknown) {
    super(attempted, error, undefined, { name: 'DynamoDB', remedies: REMEDIES })
  }
}

/** `claim` is the sort key: a VRRP instance's name holds no `#`. Everything else is there to be read in the console, too. */
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

/** Undefined where its key is no claim's: it is somebody else's item, as is a tag of another key. */
function parseItem(item: Item): Named | undefined {
  const fields = Object.fromEntries(Object.entries(item).map(([name, { S, N }]) => [name, S ?? N]))
  const [instance, eni = '', ...rest] = fields.claim?.split('#') ?? []
  if (instance === undefined || !isEniId(eni) || rest.length > 0) return undefined
  return { instance, eni, parsed: claimOf(eni, fields) }
}
