/**
 * A drill: EC2 to try the writing of routes on. All that a write runs is run, the SDK and Node's HTTP included, down to
 * connections that answer from memory; no request leaves the process.
 *
 * A daemon writes once in months. Without drills the code of its first write is not compiled, or V8 has thrown it away.
 */
import { type ClientRequestArgs, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket } from 'node:net'
import type { Clock } from '../../../platform/clock.ts'
import { configurationOf, type Ec2, openClient } from '../client.ts'
import { openBudget } from './budget.ts'

export type MemoryEc2 = {
  /** Has the region, the credentials and the endpoint of the real one, and a budget of its own. */
  readonly ec2: Ec2
  /** Keeps so many idle connections open to where the last write of the drill would have gone. */
  keepReady(count: number): void
}

const BODY =
  '<ReplaceRouteResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>drill</requestId><return>true</return></ReplaceRouteResponse>'
const ANSWER = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/xml;charset=UTF-8',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n')

export function openMemoryEc2(ec2: Ec2, clock: Clock): MemoryEc2 {
  const { httpAgent, httpsAgent } = ec2.connections
  let keepReady = (_count: number): void => {}
  const connections = {
    httpAgent: answering(new HttpAgent({ keepAlive: true }), (request) => {
      keepReady = (count) => httpAgent.keepReady(count, request)
    }),
    httpsAgent: answering(new HttpsAgent({ keepAlive: true }), (request) => {
      keepReady = (count) => httpsAgent.keepReady(count, request)
    }),
  }
  const { credentials } = ec2.routes.config
  const routes = openClient({ ...configurationOf(ec2.region, connections), credentials })
  return {
    get ec2() {
      return { ...ec2, routes, own: routes, budget: openBudget({ clock, onWait: () => {} }) }
    },
    keepReady: (count) => keepReady(count),
  }
}

/** The agent, all of whose connections answer from memory; `note` hears where a request would go. */
function answering<Either extends HttpAgent>(agent: Either, note: (request: ClientRequestArgs) => void): Either {
  agent.createConnection = (request) => {
    note(request)
    return new Answering()
  }
  return agent
}

/** Connected with nothing; answers what is written first, an event-loop turn later. */
class Answering extends Socket {
  #isAsked = false

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done()
    this.#answer()
  }

  override _writev(_chunks: unknown, done: () => void): void {
    done()
    this.#answer()
  }

  override _read(): void {}

  #answer(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    setImmediate(() => this.push(ANSWER))
  }
}
