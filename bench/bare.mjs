// A client with just keep-alive connections: posts as many concurrent requests as it is told to, and reports how long
// that took.
import { Agent, request } from 'node:http'

const [url, table, eni] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })
const body = `Action=ReplaceRoute&Version=2016-11-15&RouteTableId=${table}&DestinationCidrBlock=10.99.0.1%2F32&NetworkInterfaceId=${eni}`
const headers = {
  'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
  'content-length': Buffer.byteLength(body),
  authorization: 'AWS4-HMAC-SHA256 Credential=bench/20260101/ap-northeast-1/ec2/aws4_request, Signature=00',
}

async function post(count) {
  const start = performance.now()
  await Promise.all(Array.from({ length: count }, postOne))
  return performance.now() - start
}

function postOne() {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: 'POST', headers }, (answer) => {
      answer.resume().on('end', resolve)
    })
    sent.on('error', reject).end(body)
  })
}

process.on('message', async (count) => process.send(await post(count)))
process.send('ready')
