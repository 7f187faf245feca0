/** An example on two nodes, and a client that knows nothing but the VIP. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished } from 'vitest'
import { buildRegion } from '../../src/lab/ec2/seed/build.ts'
import { defaultSeed } from '../../src/lab/ec2/seed/default.ts'
import type { Seed } from '../../src/lab/ec2/seed/seed.ts'
import type { EndpointControl } from '../../src/lab/endpoint-control.ts'
import { endpointUrl, startEndpointProcess } from '../../src/lab/endpoint-process.ts'
import { tail } from '../../src/lab/logged-process.ts'
import { createNetwork, inNamespace } from '../../src/lab/network.ts'
import { createRunDirectory } from '../../src/lab/run-directory.ts'
import { type LabNode, nodes, sceneOf } from '../../src/lab/scene.ts'
import { bin } from './case.ts'
import { type ExampleHost, installExample } from './example-host.ts'
import { leftoversOf } from './leftovers.ts'
import { routeByVpc, startVpcRouter } from './vpc-router.ts'

/** An application server, in the first node's zone. */
const CLIENT = { name: 'app-1', address: '10.0.1.50' }
const ANSWER_MS = 1000
const LOGGED_LINES = 40

export type ExampleCase = {
  readonly hosts: readonly [ExampleHost, ExampleHost]
  readonly control: EndpointControl
  eniOf(node: LabNode): string
  /** Runs a command on the client; undefined where it fails, or takes longer than a second. */
  ask(...command: readonly [string, ...string[]]): Promise<string | undefined>
  /** Prints a measured time. */
  tell(what: string, ms: number): void
}

/** Raises the nodes of an example; what runs on them is yet to be started. Nothing is left of it after the test. */
export async function raiseExample(example: string): Promise<ExampleCase> {
  const seed = seedWithoutVip()
  const region = buildRegion(seed)
  const runDirectory = createRunDirectory()
  const network = createNetwork([...nodes, CLIENT])
  const name = expect.getState().currentTestName
  const logs: (() => string)[] = []
  let router: { stop: () => Promise<void> } | undefined
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') process.stdout.write(`\n${name}\n${logs.map((log) => log()).join('\n')}\n`)
    await router?.stop()
    network.remove()
    runDirectory.remove()
    expect(leftoversOf(process.pid)).toEqual([])
  })
  const control = await startEndpointProcess({ bin, network, directory: runDirectory.path, seed })
  for (const each of [...nodes, CLIENT]) routeByVpc(network.namespaceOf(each))
  router = startVpcRouter(network, region, control)

  const hostOf = (node: LabNode): ExampleHost => {
    const directory = join(runDirectory.path, node.name)
    mkdirSync(directory)
    const place = { directory, namespace: network.namespaceOf(node), endpoint: endpointUrl(network) }
    return installExample(example, node, place, (command, started) => {
      logs.push(() => `${node.name}: ${command.join(' ')}\n${tail(started.lines, LOGGED_LINES)}\n`)
    })
  }
  return {
    hosts: [hostOf(nodes[0]), hostOf(nodes[1])],
    control,
    eniOf: sceneOf(region).eniOf,
    async ask(...command) {
      const [program, ...values] = inNamespace(network.namespaceOf(CLIENT), command)
      const { exitCode, stdout } = await execa(program, values, { reject: false, timeout: ANSWER_MS })
      return exitCode === 0 ? stdout : undefined
    },
    tell: (what, ms) => process.stdout.write(`  ${name}: ${what} ${Math.round(ms)} ms\n`),
  }
}

/** The lab's VPC; the VIP's routes are yet to be created. */
function seedWithoutVip(): Seed {
  const { lab } = defaultSeed.vpcs
  if (!lab?.routeTables) throw new Error('the default seed has no VPC named lab with route tables')
  const tables = Object.entries(lab.routeTables).map(([name, table]) => [name, { ...table, routes: {} }])
  return { ...defaultSeed, vpcs: { lab: { ...lab, routeTables: Object.fromEntries(tables) } } }
}
