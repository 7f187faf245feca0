import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startEc2Endpoint } from './ec2/server.ts'
import { endpointControl } from './endpoint-control.ts'
import { type Hook, writeHook } from './hook.ts'
import { type LoggedProcess, startLogged } from './logged-process.ts'
import type { RunDirectory } from './run-directory.ts'
import { instancesOf, type LabNode, nodes, type Scene, seed, VRRP_INSTANCE } from './scene.ts'
import type { Narrator, Stage } from './stage.ts'

/** A stage without keepalived: plays its events to the hooks, on loopback. Each node has its own instance metadata. */
export async function eventsStage(options: {
  bin: string
  directory: RunDirectory
  scene: Scene
  narrate: Narrator
}): Promise<Stage> {
  const { bin, directory, scene, narrate } = options
  const { region } = scene
  const instances = instancesOf(scene)
  const socket = join(directory.path, 'ec2.sock')
  const endpoint = await startEc2Endpoint({ seed, socket })
  narrate('cloud', `EC2 at ${endpoint.url}, IMDS for each node beside it`)
  const hooks = new Map<LabNode, Hook>()
  for (const node of nodes) {
    mkdirSync(join(directory.path, node.name))
    const metadata = await endpoint.startMetadata({ instanceId: scene.instanceIdOf(node) })
    const env = { AWS_ENDPOINT_URL: endpoint.url, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url }
    hooks.set(node, writeHook({ bin, directory: join(directory.path, node.name), region, instances, env }))
  }

  function hookOf(node: LabNode): Hook {
    const hook = hooks.get(node)
    if (!hook) throw new Error(`${node.name} has no hook`)
    return hook
  }

  const played: LoggedProcess[] = []

  /** Starts a node's hook as keepalived does. */
  async function play(node: LabNode, state: 'MASTER' | 'BACKUP'): Promise<LoggedProcess> {
    const { command, env } = hookOf(node)
    const event = ['INSTANCE', VRRP_INSTANCE, state, String(node.priority)]
    narrate(node.name, `vip-switch notify ${event.join(' ')}`)
    const hook = await startLogged([...command, ...event], env)
    played.push(hook)
    return hook
  }

  const [first, second] = nodes
  return {
    control: endpointControl(socket),
    hookOf,
    async begin() {
      const causedAt = Date.now()
      const standby = await play(second, 'BACKUP')
      await play(first, 'MASTER')
      await standby.exited
      return { causedAt, electedAt: undefined }
    },
    async crash() {
      const causedAt = Date.now()
      narrate(first.name, 'goes silent')
      await play(second, 'MASTER')
      return { causedAt, electedAt: undefined }
    },
    async failBack() {
      const causedAt = Date.now()
      await Promise.all([play(first, 'MASTER'), play(second, 'BACKUP')])
      return { causedAt, electedAt: undefined }
    },
    splitBrain: 'without keepalived there are no adverts to lose',
    logs: () => [...hooks].map(([node, hook]) => `hook of ${node.name}:\n${hook.logText()}`).join('\n'),
    async close() {
      for (const hook of played) hook.kill()
      await Promise.all(played.map(({ exited }) => exited))
      await endpoint.close()
    },
  }
}
