/** `vip-switch lab`: a failover and a split brain on this machine, without AWS. */
import { messageOf } from '../platform/errors.ts'
import { table } from '../terminal/table.ts'
import { accountOn } from './account.ts'
import { chooseSite } from './choose-site.ts'
import { clusterStage } from './cluster-stage.ts'
import { programName } from './program-name.ts'
import { createRunDirectory } from './run-directory.ts'
import { sceneOf } from './scene.ts'
import type { Stage } from './stage.ts'
import { tell } from './story.ts'

/** Runs the lab with the built program `bin`. Returns whether everything expected happened. */
export async function runStory(bin: string): Promise<boolean> {
  const account = accountOn(process.stdout)
  const directory = createRunDirectory()
  const scene = sceneOf()
  let stage: Stage | undefined
  let close: (() => Promise<void>) | undefined
  try {
    const { site, isReal, description } = await chooseSite(bin, scene)
    close = site.remove
    account.title('vip-switch lab', description)
    account.chapter('Two nodes come up')
    stage = await clusterStage({ site, directory, scene, narrate: account.narrate })
    close = stage.close
    await tell(stage, scene, account)
    account.chapter('What next')
    account.block(whatNext(isReal, account.width))
    return true
  } catch (error) {
    account.chapter(account.style.red(`Failed: ${messageOf(error)}`))
    if (stage) account.block(stage.logs())
    return false
  } finally {
    await close?.()
    directory.remove()
  }
}

function whatNext(isReal: boolean, width: number): string {
  const program = programName()
  const rows = [
    [`${program} lab --interactive`, 'break the nodes yourself, and watch'],
    ...(isReal ? [] : [['sudo npm start', 'the same with the real keepalived, if it is installed']]),
    ['README.md', 'how to install it on two instances'],
    [`${program} lab ec2`, 'a local EC2 endpoint to try commands on (list, switch, notify)'],
    [`${program} --help`, 'every command'],
  ]
  return table(rows, undefined, width)
}
