/** Answers without an end cost neither memory nor time: half a gigabyte, or a letter now and then. */
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openEc2 } from '../../../../src/adapters/ec2/client.ts'
import { readTables } from '../../../../src/adapters/ec2/operations/tables.ts'
import { closeServer, listen, urlOf } from '../../../../src/lab/ec2/http.ts'
import { systemClock } from '../../../../src/platform/clock.ts'
import { environmentFor, type Run } from '../../../support/cli.ts'
import { directory, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { byIds, hook, MASTER } from '../../../support/node.ts'
import { preload } from '../../../support/preload.ts'

startEndpointForEachTest()

const MB = 1_000_000
/** What Node and the program take, and as much again. */
const MOST = 130 * MB
/** The same with two lists at a time, of routes and of interfaces, each as long as EC2 can make it, and not yet swept up. */
const MOST_OF_LISTS = 450 * MB

type Respond = (response: ServerResponse, action: string) => void

async function serve(respond: Respond): Promise<string> {
  const server = await listen(
    (request, response) => {
      request.once('data', (body) => respond(response, /^Action=(\w+)/.exec(String(body))?.[1] ?? ''))
    },
    { host: '127.0.0.1', port: 0 },
  )
  onTestFinished(() => closeServer(server))
  return urlOf('127.0.0.1', server)
}

/** 500 MB after a beginning, as fast as they are taken. */
function huge(response: ServerResponse, beginning: string): void {
  const part = Buffer.alloc(MB, 'a')
  let left = 500
  const more = () => {
    while (left > 0) {
      left -= 1
      if (!response.write(part)) return
    }
    response.end()
  }
  response.on('drain', more).on('error', () => {})
  response.write(beginning)
  more()
}

/** A hook against such a server, and the most memory that it had at a time. */
async function hookAt(respond: Respond): Promise<Run & { readonly peak: number }> {
  const path = join(directory, 'peak')
  const note = `fs.writeFileSync(${JSON.stringify(path)}, String(process.resourceUsage().maxRSS))`
  const run = await hook('db-2', MASTER, {
    instance: byIds(),
    flags: ['--deadline', '3s'],
    env: {
      AWS_ENDPOINT_URL: await serve(respond),
      ...preload(`import fs from 'node:fs'; process.on('exit', () => ${note})`),
    },
  })
  return { ...run, peak: Number(readFileSync(path, 'utf8')) * 1024 }
}

const named = (action: string) => `<${action}Response><requestId>6f3b-1</requestId><x>`

test.each<[string, (action: string) => string, Record<string, number>, number]>([
  ['a page', () => '<!DOCTYPE html>', {}, MOST],
  ['an error', () => '<Response><Errors><Error><Code>Odd</Code><Message>', {}, MOST],
  ['what begins as it should', named, {}, MOST_OF_LISTS],
  ['what begins as it should, and says how long it is', named, { 'content-length': 500 * MB }, MOST],
])('half a gigabyte in each answer: %s: a hook tries until its deadline, and takes little memory', async (...odd) => {
  const [, beginning, headers, most] = odd
  const { exitCode, stderr, peak } = await hookAt((response, action) => {
    response.writeHead(beginning(action).startsWith('<Response') ? 400 : 200, headers)
    huge(response, beginning(action))
  })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/trying again: ReplaceRoute .*: UnexpectedAnswer: /)
  expect(stderr).toMatch(/EC2 could not be read: reading route tables .*: UnexpectedAnswer: /)
  expect(stderr).toContain('the deadline of 3 s has passed')
  expect(peak).toBeLessThan(most)
})

test('an answer that drips is given up, however steadily it does, and asked for anew', async () => {
  const requests: string[] = []
  const server = await serve((response, action) => {
    requests.push(action)
    if (requests.length > 1) return void response.end(`${named(action)}</x></${action}Response>`)
    response.write(named(action))
    const drip = setInterval(() => response.write('a'), 100)
    response.on('close', () => clearInterval(drip))
  })
  for (const [name, value] of Object.entries(environmentFor(undefined, { AWS_ENDPOINT_URL: server }))) {
    vi.stubEnv(name, value)
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  const ec2 = await openEc2({ clock: systemClock, onWait: () => {} })
  const { signal } = new AbortController()
  await expect(readTables(ec2, 'all', signal)).rejects.toMatchObject({
    code: 'TimeoutError',
    class: 'retry',
    message: expect.stringContaining('the response started but did not finish within 5000 ms'),
  })
  expect(await readTables(ec2, 'all', signal)).toEqual([])
}, 20_000)
