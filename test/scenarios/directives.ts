/** The words of a scenario file, and what they do to the world. */
import { defaultSettings } from '../../src/agent/protocol-state.ts'
import { parseDuration } from '../../src/config/duration.ts'
import type { NodeState } from '../../src/core/claim.ts'
import { type Target, targetText } from '../../src/core/route.ts'
import { instanceId } from '../fixtures.ts'
import { World, type WorldNode } from '../simulation/world.ts'

const STATES: readonly NodeState[] = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED']

/** One scenario as it runs: directives in, what happened out. */
export class Scenario {
  #world: World | undefined
  #lines: string[] = []

  /** Runs one directive; returns what happened, line by line. */
  perform(directive: string): string[] {
    this.#lines = []
    const [word = '', ...rest] = directive.trim().split(/\s+/)
    const run = DIRECTIVES[word]
    if (!run) throw new Error(`"${word}" is no directive: ${Object.keys(DIRECTIVES).join(', ')}`)
    run(this, rest)
    return this.#lines
  }

  get world(): World {
    if (!this.#world) throw new Error('a scenario begins with nodes')
    return this.#world
  }

  begin(world: World): void {
    this.#world = world
  }

  say(line: string): void {
    const at = this.#world ? (this.#world.now / 1000).toFixed(2) : '0.00'
    this.#lines.push(
      `${at.padStart(7)}  ${line.replaceAll(/eni-([a-f])\b/g, '$1').replaceAll('10.99.0.10/32 in ', '')}`,
    )
  }

  node(name: string | undefined): WorldNode {
    return this.world.node(name ?? '')
  }
}

type Directive = (scenario: Scenario, words: string[]) => void

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  /** `nodes a=150 b=100 [tables=2] [interval=5s] [failover=safe]`: started, all BACKUP; `c=0`: priority not known. */
  nodes(scenario, words) {
    const options = Object.fromEntries(words.map((word) => word.split('=')))
    const { tables = '1', interval = '5s', failover = 'fast', ...nodes } = options
    const settings = defaultSettings(durationOf(interval), failover === 'safe' ? 'safe' : 'fast')
    const world = new World({ tables: Number(tables), settings, log: (line) => scenario.say(line) })
    scenario.begin(world)
    for (const [name, priority] of Object.entries(nodes))
      world.start(world.addNode(name, Number(priority) || undefined))
  },

  /** `run 5s`: time passes. */
  run(scenario, [time]) {
    scenario.world.run(durationOf(time))
  },

  /** `vrrp a MASTER [lost]`: keepalived changes state; `lost`: its line was dropped. */
  vrrp(scenario, [name, text, lost]) {
    const state = STATES.find((known) => known === text)
    if (!state) throw new Error(`"${text}" is no state`)
    scenario.world.vrrp(scenario.node(name), state, { lost: lost === 'lost' })
  },

  /** `rx-lower-pri a`: a MASTER hears a lower one. */
  'rx-lower-pri'(scenario, [name]) {
    scenario.world.deliver(scenario.node(name), { kind: 'rx-lower-pri' })
  },

  /** `api a down|up` or `api a reads=down writes=down publishes=denied stale=3s`. */
  api(scenario, [name, ...words]) {
    const node = scenario.node(name)
    for (const word of words) {
      const [key, value = ''] = word.split('=')
      if (key === 'up') node.api = { reads: 'up', writes: 'up', publishes: 'up', staleMs: 0 }
      else if (key === 'down') node.api = { ...node.api, reads: 'down', writes: 'down', publishes: 'down' }
      else if (key === 'stale') node.api = { ...node.api, staleMs: durationOf(value) }
      else if (key === 'reads' || key === 'writes') node.api = { ...node.api, [key]: value === 'down' ? 'down' : 'up' }
      else if (key === 'publishes') node.api = { ...node.api, publishes: value === 'denied' ? 'denied' : 'up' }
      else throw new Error(`"${word}" is nothing that an API does`)
    }
  },

  /** `daemon a kill|start` */
  daemon(scenario, [name, what]) {
    if (what === 'kill') scenario.world.kill(scenario.node(name))
    else scenario.world.start(scenario.node(name))
  },

  /** `pause a 3s`: the virtual machine stands still. */
  pause(scenario, [name, time]) {
    const node = scenario.node(name)
    node.pausedUntil = scenario.world.now + durationOf(time)
  },

  /** `terminate a`: its instance is gone, and so is its daemon. */
  terminate(scenario, [name]) {
    const node = scenario.node(name)
    scenario.world.kill(node)
    scenario.world.setVoid(node.eni, true)
  },

  /** `eni a gone|back`: its interface carries nothing, or does again; the daemon lives. */
  eni(scenario, [name, what]) {
    scenario.world.setVoid(scenario.node(name).eni, what === 'gone')
  },

  /** `route 1 a|nat|tool|none`: somebody else sets the route of a table. */
  route(scenario, [index, to]) {
    scenario.world.setRoute(Number(index) - 1, targetOf(scenario, to))
  },

  /** `late-write a`: a write that an earlier life of a sent arrives now. */
  'late-write'(scenario, [name]) {
    scenario.world.lateWrite(scenario.node(name))
  },

  /** `clock a +60s`: its wall clock is off. */
  clock(scenario, [name, time = '']) {
    const ms = durationOf(time.slice(1))
    scenario.node(name).wallOffset = time.startsWith('-') ? -ms : ms
  },

  /** `pin a 10m`, `unpin` */
  pin(scenario, [name, time]) {
    scenario.world.pin(scenario.node(name).eni, durationOf(time))
  },
  unpin(scenario) {
    scenario.world.unpin()
  },

  /** What each node thinks, what it claims, and where the routes are. */
  status(scenario) {
    const { world } = scenario
    for (const { name, protocol, eni } of world.nodes.values()) {
      const claim = world.claims().find((each) => each.eni === eni)
      const claimed = claim ? `${claim.state} ${claim.priority ?? '?'}` : 'nothing'
      const thinks = protocol?.decision ? `${protocol.decision.condition}, ${protocol.decision.action}` : 'no decision'
      scenario.say(`${name}: claims ${claimed}; ${protocol ? thinks : 'daemon dead'}`)
    }
    scenario.say(`routes: ${world.targets().map(routeText).join(' ')}; writes so far: ${world.writes.length}`)
  },
}

function targetOf(scenario: Scenario, text = ''): Target | undefined {
  if (text === 'none') return undefined
  if (text === 'nat') return { kind: 'other', id: 'nat-0a1b2c3d' }
  if (text === 'tool') return { kind: 'instance', instance: instanceId('i-0a1b2c3d') }
  return { kind: 'eni', eni: scenario.node(text).eni, instance: undefined }
}

function routeText(target: Target | undefined): string {
  return target ? targetText(target) : 'missing'
}

function durationOf(text = ''): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error(`"${text}" is no duration`)
  return ms
}
