/**
 * An EC2 client that answers from memory, to rehearse route writes with. It runs everything that a real write runs, including the SDK
 * and Node's HTTP, down to connections that answer from memory; no request leaves the process.
 *
 * A daemon writes once in months. Without rehearsals, V8 has not compiled the code of its first write, or has discarded it.
 */
import { type ClientRequestArgs, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket } from 'node:net'
import type { Clock } from '../../../platform/clock.ts'
import { configurationOf, type Ec2, openClient } from '../client.ts'
import { openBudget } from './budget.ts'

export type InMemoryEc2 = {
  /** Has the real client's region, credentials and endpoint, and its own budget. */
  readonly ec2: Ec2
  /** Keeps `count` idle connections open to the endpoint that the last write was meant for. */
  keepReady(count: number): void
}

const BODY =
  '<ReplaceRouteResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>in-memory</requestId><return>true</return></ReplaceRouteResponse>'
const ANSWER = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/xml;charset=UTF-8',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n')

export function openInMemoryEc2(ec2: Ec2, clock: Clock): InMemoryEc2 {
  const { httpAgent, httpsAgent, proxyFor } = ec2.connections
  let keepReady = (_count: number): void => {}
  const connections = {
    proxyFor,
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

/** Makes all connections of the agent answer from memory; `note` is called with each request's destination. */
function answering<Either extends HttpAgent>(agent: Either, note: (request: ClientRequestArgs) => void): Either {
  agent.createConnection = (request) => {
    note(request)
    return new Answering()
  }
  return agent
}

/** A socket without a connection; answers the first write one event-loop turn later. */
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
