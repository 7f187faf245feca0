// A process with just Node's own HTTPS client: posts one request per table, all at once, and exits.
import { Agent, request } from 'node:https'

const [url, eni, ...tables] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

for (const table of tables) {
  const body = `Action=ReplaceRoute&Version=2016-11-15&RouteTableId=${table}&DestinationCidrBlock=10.99.0.1%2F32&NetworkInterfaceId=${eni}`
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    authorization: 'AWS4-HMAC-SHA256 Credential=bench/20260101/ap-northeast-1/ec2/aws4_request, Signature=00',
  }
  request(url, { agent, method: 'POST', headers }, (answer) => answer.resume()).end(body)
}
