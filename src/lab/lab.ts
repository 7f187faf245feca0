/** `vip-switch lab`: a failover on this machine, without AWS. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join, relative } from 'node:path'
import { messageOf } from '../platform/errors.ts'
import { table } from '../terminal/table.ts'
import { type Account, accountOn } from './account.ts'
import { eventsStage } from './events-stage.ts'
import { keepalivedStage, keepalivedVersion } from './keepalived-stage.ts'
import { createNetwork, type Network } from './network.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import { nodes, type Scene, sceneOf } from './scene.ts'
import type { Stage } from './stage.ts'
import { tell } from './story.ts'

/** Runs the lab with the built program `bin`. Returns whether everything expected happened. */
export async function runStory(bin: string): Promise<boolean> {
  const account = accountOn(process.stdout)
  const directory = createRunDirectory()
  const scene = sceneOf()
  const network = networkOrObstacle()
  let stage: Stage | undefined
  try {
    stage = await raise({ bin, directory, scene, network, account })
    await tell(stage, scene, account)
    account.chapter('What next')
    account.block(whatNext(bin, typeof network !== 'string', account.width))
    return true
  } catch (error) {
    account.chapter(account.style.red(`Failed: ${messageOf(error)}`))
    if (stage) account.block(stage.logs())
    return false
  } finally {
    await stage?.close()
    directory.remove()
  }
}

/** Uses real keepalived if possible, else plays its events. */
async function raise(options: {
  bin: string
  directory: RunDirectory
  scene: Scene
  network: Network | string
  account: Account
}): Promise<Stage> {
  const { bin, directory, scene, network, account } = options
  const { narrate } = account
  if (typeof network !== 'string') {
    account.title('vip-switch lab', `two nodes in network namespaces, the real ${keepalivedVersion()}, no AWS`)
    account.chapter('Two nodes come up')
    return keepalivedStage({ bin, directory, network, scene, narrate })
  }
  account.title('vip-switch lab', `${network}; playing keepalived's events to the same hook`)
  account.chapter('Two nodes come up')
  return eventsStage({ bin, directory, scene, narrate })
}

/** Creates a network for keepalived, or says why keepalived cannot run here. */
function networkOrObstacle(): Network | string {
  if (process.getuid?.() !== 0) return 'the real keepalived needs root'
  for (const program of ['keepalived', 'ip']) if (!isOnPath(program)) return `${program} not found`
  try {
    return createNetwork(nodes)
  } catch (error) {
    return `cannot create network namespaces (${messageOf(error)})`
  }
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function whatNext(bin: string, real: boolean, width: number): string {
  const path = relative(process.cwd(), bin)
  const program = path.startsWith('..') ? 'vip-switch' : path
  const rows = [
    ...(real ? [] : [['sudo npm start', 'this demo plus a split brain, with real keepalived']]),
    ['README.md', 'how to install it on two instances'],
    [`${program} lab ec2`, 'a local EC2 endpoint to try commands on (list, switch, notify)'],
    [`${program} --help`, 'every command'],
  ]
  return table(rows, undefined, width)
}
