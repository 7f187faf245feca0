// A client with nothing but a keep-alive connection: posts the request that it is told to, and tells how long it took.
import { Agent, request } from 'node:http'

const [url, table, eni] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const body = `Action=ReplaceRoute&Version=2016-11-15&RouteTableId=${table}&DestinationCidrBlock=10.99.0.1%2F32&NetworkInterfaceId=${eni}`
const headers = {
  'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
  'content-length': Buffer.byteLength(body),
  authorization: 'AWS4-HMAC-SHA256 Credential=bench/20260101/ap-northeast-1/ec2/aws4_request, Signature=00',
}

function post() {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve(performance.now() - start))
    })
    sent.on('error', reject).end(body)
  })
}

process.on('message', async () => process.send(await post()))
await post()
process.send('ready')
