// A DynamoDB-compatible server with the claims table of docs/dynamodb.md; reports how often each action was called.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'

const [TableName] = process.argv.slice(2)
const asked = {}
const server = dynalite({ createTableMs: 0 })
server.prependListener('request', ({ headers }) => {
  const action = String(headers['x-amz-target']).replace(/^.*\./, '')
  asked[action] = (asked[action] ?? 0) + 1
})
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
  const client = new DynamoDBClient({ endpoint: url, region: 'ap-northeast-1', credentials })
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'cluster', AttributeType: 'S' },
        { AttributeName: 'claim', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'cluster', KeyType: 'HASH' },
        { AttributeName: 'claim', KeyType: 'RANGE' },
      ],
    }),
  )
  process.on('message', () => process.send(asked))
  process.on('disconnect', () => process.exit())
  process.send(url)
})
