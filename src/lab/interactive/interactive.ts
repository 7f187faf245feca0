/** `vip-switch lab --interactive`: two nodes on one screen, and keys that break and heal them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, messageOf } from '../../platform/errors.ts'
import { type FullScreen, openFullScreen } from '../../terminal/full-screen.ts'
import { forPeople } from '../../terminal/print.ts'
import { canRedraw } from '../../terminal/screen.ts'
import { styleOf } from '../../terminal/style.ts'
import { type ChosenSite, chooseSite } from '../choose-site.ts'
import { atEnd } from '../cleanup.ts'
import type { Cluster } from '../cluster.ts'
import { sceneCluster } from '../cluster-stage.ts'
import { elected } from '../keepalived.ts'
import { poll } from '../poll.ts'
import { createRunDirectory, type RunDirectory } from '../run-directory.ts'
import { type LabNode, nodes, type Scene, sceneOf, VRRP_INSTANCE } from '../scene.ts'
import { createFaults } from './faults.ts'
import { createJournal } from './journal.ts'
import { type Command, commandOf } from './keys.ts'
import { type Lab, observe } from './observe.ts'
import { rendered } from './render.ts'

/** Milliseconds between two looks. */
const PERIOD = 250
const PATIENCE_MS = 15_000

/**
 * Runs until `q` or Ctrl-C, with the built program `bin`.
 * @throws Failure of kind `usage` without a terminal; an error with the reason if the nodes do not come up
 */
export async function runInteractive(bin: string): Promise<void> {
  if (!process.stdin.isTTY || !canRedraw(process.stdout)) {
    throw new Failure('usage', 'lab --interactive requires a terminal', {
      hint: 'run it in one; without --interactive, the lab tells its story anywhere',
    })
  }
  const directory = createRunDirectory()
  let close: (() => Promise<void>) | undefined
  try {
    const scene = sceneOf()
    const chosen = await chooseSite(bin, scene)
    close = chosen.site.remove
    process.stdout.write(`${chosen.description}\nstarting two nodes …\n`)
    const cluster = await sceneCluster(chosen.site, scene, directory)
    close = cluster.close
    await start(cluster)
    await play(chosen, cluster, scene, directory)
  } finally {
    await close?.()
    directory.remove()
  }
}

/** The first node becomes MASTER, and its daemon has published that before the other's looks. */
async function start(cluster: Cluster): Promise<void> {
  const [first, second] = nodes
  const [keepalived] = await Promise.all([cluster.start(first), cluster.start(second)])
  await elected(keepalived, VRRP_INSTANCE)
  const daemon = await cluster.startDaemon(first)
  const isWell = () => daemon.log().find(({ condition }) => condition === 'OK')
  await poll(`${first.name}'s daemon reports OK`, PATIENCE_MS, isWell)
  await cluster.startDaemon(second)
}

async function play(
  { site, description }: ChosenSite,
  cluster: Cluster,
  scene: Scene,
  directory: RunDirectory,
): Promise<void> {
  const lab: Lab = {
    cluster,
    scene,
    directory: directory.path,
    faults: createFaults(cluster, site),
    journal: createJournal(cluster, scene),
  }
  const style = styleOf(process.stdout)
  const frame = forPeople(rendered)
  const quitting = new AbortController()
  let view = await observe(lab)
  let chosen = 0
  let work = Promise.resolve()

  function draw(screen: FullScreen): void {
    screen.draw(frame({ description, view, chosen }, screen.size(), style))
  }

  function take(command: Command): void {
    if (command.kind === 'quit') quitting.abort()
    else if (command.kind === 'choose') chosen = command.index
    else {
      const node = nodes[chosen] ?? nodes[0]
      // One after the other: a process takes its time to end.
      work = work.then(() => perform(lab, command, node))
    }
  }

  const screen = openFullScreen({
    input: process.stdin,
    output: process.stdout,
    onKey(key) {
      const command = commandOf(key)
      if (!command) return
      take(command)
      draw(screen)
    },
    onResize: () => draw(screen),
  })
  const end = atEnd(screen.end)
  try {
    while (!quitting.signal.aborted) {
      draw(screen)
      await sleep(PERIOD, undefined, { signal: quitting.signal }).catch(() => {})
      view = await observe(lab)
    }
    await work
  } finally {
    end()
  }
}

/** Does what a command says, and notes it; what fails is noted, too. */
async function perform(
  { faults, journal }: Lab,
  command: Exclude<Command, { kind: 'quit' | 'choose' }>,
  node: LabNode,
): Promise<void> {
  try {
    const done = command.kind === 'heal' ? await faults.heal() : [await faults.toggle(node, command.fault)]
    for (const sentence of done) journal.add('you', sentence)
  } catch (error) {
    journal.add('you', messageOf(error).split('\n', 1)[0] ?? '')
  }
}
