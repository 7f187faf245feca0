/** An embedded endpoint, and a directory, of each test's own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, onTestFinished } from 'vitest'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import { type Ec2Endpoint, type EndpointOptions, startEc2Endpoint } from '../../src/lab/ec2/server.ts'

type Intercept = NonNullable<EndpointOptions['intercept']>

export let endpoint: Ec2Endpoint
export let directory: string
let intercept: Intercept

/** To be called once by a test file, before its tests. */
export function startEndpointForEachTest(seed?: Seed): void {
  beforeEach(async () => {
    intercept = () => {}
    directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
    endpoint = await startEc2Endpoint({ ...(seed && { seed }), intercept: (request) => intercept(request) })
    // After what the test has started has ended: a daemon's last words are in its history.
    onTestFinished(async () => {
      await endpoint.close()
      await rm(directory, { recursive: true })
    })
  })
}

/** Runs this before each request from now on, until the test ends. */
export function interceptWith(next: Intercept): void {
  intercept = next
}

export const isWrite = (action: string) => action === 'ReplaceRoute' || action === 'CreateRoute'

/** The requests for a route to be written, in order. */
export const writes = () => endpoint.requests.filter(({ action }) => isWrite(action))
