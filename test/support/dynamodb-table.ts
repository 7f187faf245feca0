/** A DynamoDB-compatible server of each test's own, with the table that docs/dynamodb.md defines. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, Server } from 'node:http'
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'

const propertiesSchema = z.object({
  TableName: z.string(),
  BillingMode: z.enum(['PAY_PER_REQUEST']),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S']) })),
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  TimeToLiveSpecification: z.object({ AttributeName: z.string(), Enabled: z.literal(true) }),
})

/** What the documentation says to make. */
export const DOCUMENT = readFileSync(new URL('../../docs/dynamodb.md', import.meta.url), 'utf8')
const [, template = ''] = /```yaml\n(Resources:[^`]*)```/.exec(DOCUMENT) ?? []
const definition = z
  .object({ Resources: z.object({ Claims: z.object({ Properties: propertiesSchema }) }) })
  .parse(parse(template))
export const { TimeToLiveSpecification, ...properties } = definition.Resources.Claims.Properties
export const TABLE = properties.TableName

type Call = { readonly action: string; readonly input: Readonly<Record<string, unknown>> }

export type TableServer = {
  readonly url: string
  /** What it was asked for, in order. */
  readonly calls: Call[]
  /** Every item, by its sort key, with plain texts as values. */
  items(): Promise<Map<string, Record<string, string | undefined>>>
  put(item: Record<string, AttributeValue>): Promise<void>
  /** Nobody can reach it from now on. */
  close(): Promise<void>
}

/** Ends with the test. */
export async function startTable(): Promise<TableServer> {
  const server = dynalite({ createTableMs: 0 })
  const calls: Call[] = []
  server.prependListener('request', (request: IncomingMessage) => record(request, calls))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const url = `http://127.0.0.1:${port}`
  const credentials = { accessKeyId: 'lab', secretAccessKey: 'lab' }
  const client = new DynamoDBClient({ endpoint: url, region: 'ap-northeast-1', credentials })
  await client.send(new CreateTableCommand(properties))
  calls.length = 0
  const close = () => closed(server)
  onTestFinished(close)
  return {
    url,
    calls,
    async items() {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE }))
      return new Map(Items.map((item) => [item.claim?.S ?? '', plain(item)]))
    },
    async put(item) {
      await client.send(new PutItemCommand({ TableName: TABLE, Item: item }))
    },
    close,
  }
}

function plain(item: Record<string, AttributeValue>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(item).map(([name, { S, N }]) => [name, S ?? N]))
}

function record(request: IncomingMessage, calls: Call[]): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const action = String(request.headers['x-amz-target']).replace(/^.*\./, '')
    calls.push({ action, input: JSON.parse(String(Buffer.concat(chunks))) })
  })
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
