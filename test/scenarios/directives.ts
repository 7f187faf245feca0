/** The words of a scenario file, and what they do to the world. */

import { labelOf, sentenceOf } from '../../src/commands/history/sentences.ts'
import type { NodeState } from '../../src/core/claim.ts'
import type { Input } from '../../src/core/protocol/inputs-and-effects.ts'
import { BEATING, defaultSettings } from '../../src/core/protocol/state.ts'
import { chronicle, type Memory, newMemory } from '../../src/history/chronicle.ts'
import type { Entry } from '../../src/history/entry.ts'
import { timelineOf } from '../../src/history/timeline.ts'
import { World, type WorldNode } from '../simulation/world.ts'
import { type Actor, WAYS } from '../simulation/world-node.ts'
import { eni } from '../support/fixtures.ts'
import { apiChange, daemonText, durationOf, isKind, routeText, targetOf } from './words.ts'

const STATES: readonly NodeState[] = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED', 'UNKNOWN']

/** From its event being on record until a hook acts. */
const HOOK_LOADS_MS = 50

/** One scenario as it runs: directives in, what happened out. */
export class Scenario {
  #world: World | undefined
  #lines: string[] = []
  readonly #histories = new Map<WorldNode, { readonly memory: Memory; readonly entries: readonly Entry[] }>()

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
    this.tell(`${secondsText(this.#world?.now ?? 0)}  ${line}`)
  }

  tell(line: string): void {
    this.#lines.push(line.replaceAll(/eni-([a-f])\b/g, '$1').replaceAll('10.99.0.10/32 in ', ''))
  }

  /** Keeps what a step of a daemon tells, as the daemon does. */
  remember({ node, event, protocol }: Actor, input: Input): void {
    if (event !== undefined || !protocol) return
    const { memory = newMemory(), entries = [] } = this.#histories.get(node) ?? {}
    const { monotonic: now } = this.world.clock(node)
    const next = chronicle(memory, { state: protocol, input, now })
    const head = { at: this.world.now, by: 'daemon', instance: 'VI_1', eni: protocol.self.eni } as const
    const told = next.told.map((happening) => ({ ...head, ...happening }))
    this.#histories.set(node, { memory: next.memory, entries: [...entries, ...told] })
  }

  historyOf(node: WorldNode): string[] {
    return timelineOf(this.#histories.get(node)?.entries ?? [], this.world.now).map(({ entry, lasted }) => {
      const length = lasted ? ` (${lasted.ms / 1000} s${lasted.isOver ? '' : ' so far'})` : ''
      return `${secondsText(entry.at)}  ${labelOf(entry)}${length}: ${sentenceOf(entry, (eni) => eni)}`
    })
  }

  node(name: string | undefined): WorldNode {
    return this.world.node(name ?? '')
  }
}

const secondsText = (ms: number) => (ms / 1000).toFixed(2).padStart(7)

type Directive = (scenario: Scenario, words: string[]) => void

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  /**
   * `nodes a=150 b=100:hooks [tables=2] [interval=5s] [failover=safe] [witness=dynamodb]`: started, all BACKUP; `c=0`: priority
   * not known. How events come: to a `daemon`, if nothing is said; to `hooks` alone; by `handover` from hooks to a daemon; or
   * by `both`, its FIFO and hooks.
   */
  nodes(scenario, words) {
    const options = Object.fromEntries(words.map((word) => word.split('=')))
    const { tables = '1', interval = '5s', failover = 'fast', witness, ...nodes } = options
    const settings = {
      ...defaultSettings(durationOf(interval), failover === 'safe' ? 'safe' : 'fast'),
      ...(witness === 'dynamodb' && BEATING),
    }
    const world = new World({
      ...{ tables: Number(tables), settings },
      log: (line) => scenario.say(line),
      watch: { stepped: (actor, input) => scenario.remember(actor, input) },
    })
    scenario.begin(world)
    for (const [name, text] of Object.entries(nodes)) {
      const [priority, kind = 'daemon'] = `${text}`.split(':')
      if (!isKind(kind)) throw new Error(`"${kind}" is no kind of node: ${Object.keys(WAYS).join(', ')}`)
      world.start(world.addNode(name, Number(priority) || undefined, { kind }))
    }
  },

  /** `run 5s`: time passes. */
  run(scenario, [time]) {
    scenario.world.run(durationOf(time))
  },

  /**
   * `vrrp a MASTER [lost|late=4s] [hook=2s] [priority=90]`: keepalived changes its state. `lost`: its line was dropped; `late`:
   * it is handled only then; `hook`: so long its hook takes to start. `UNKNOWN`: keepalived is dead.
   */
  vrrp(scenario, [name, text, ...words]) {
    const { world } = scenario
    const node = scenario.node(name)
    const state = STATES.find((known) => known === text)
    if (!state) throw new Error(`"${text}" is no state`)
    const { late, hook, priority } = Object.fromEntries(words.map((word) => word.split('=')))
    if (priority !== undefined) node.priority = Number(priority) || undefined
    const delays = hook === undefined ? {} : { hook: { start: durationOf(hook), load: HOOK_LOADS_MS } }
    world.vrrp(node, state, { lost: words.includes('lost') || late !== undefined, ...delays })
    if (late === undefined) return
    const event = { kind: 'state', state, priority: node.priority, found: false } as const
    world.after(durationOf(late), () => world.line(node, event))
  },

  /** `flap a 50ms 5s`: for five seconds keepalived is MASTER and BACKUP by turns, each for 50 ms. */
  flap(scenario, [name, each, time]) {
    const node = scenario.node(name)
    const states = ['MASTER', 'BACKUP'] as const
    for (let turn = 0; turn * durationOf(each) < durationOf(time); turn++) {
      scenario.world.after(turn * durationOf(each), () => scenario.world.vrrp(node, states[turn % 2] ?? 'BACKUP'))
    }
  },

  /** `reopen a`: keepalived was reloaded and the FIFO is a new one, so the true state is read again. */
  reopen(scenario, [name]) {
    const node = scenario.node(name)
    scenario.world.deliver(node.daemon, { kind: 'state', state: node.vrrp, priority: node.priority, found: true })
  },

  /** `rx-lower-pri a [10s]`: a MASTER hears a lower one; so long, five times a second. */
  'rx-lower-pri'(scenario, [name, time = '1ms']) {
    const node = scenario.node(name)
    for (let ms = 0; ms < durationOf(time); ms += 200) {
      scenario.world.after(ms, () => scenario.world.rxLowerPri(node))
    }
  },

  /**
   * `api a down|up` or `api a reads=down|throttled claims=down writes=down|late|unanswered publishes=denied stale=3s`. What is down times out; writes are tried
   * again for as long as they are wanted.
   */
  api(scenario, [name, ...words]) {
    const node = scenario.node(name)
    for (const word of words) node.api = { ...node.api, ...apiChange(word) }
  },

  /** `daemon a kill|start|born`: born, it does not know yet what state keepalived is in. */
  daemon(scenario, [name, what]) {
    const node = scenario.node(name)
    if (what === 'kill') scenario.world.kill(node)
    else if (what === 'born') scenario.world.bear(node)
    else scenario.world.start(node)
  },

  /** `hooks a kill`: its hooks are ended, and what they have sent is on its way. */
  hooks(scenario, [name]) {
    scenario.world.hooks.killAll(scenario.node(name))
  },

  /** `pause a 3s`: the virtual machine stands still. */
  pause(scenario, [name, time]) {
    const node = scenario.node(name)
    node.pausedUntil = scenario.world.now + durationOf(time)
  },

  /** `terminate a`: its instance is gone, and so is its daemon. */
  terminate(scenario, [name]) {
    const node = scenario.node(name)
    scenario.world.destroy(node)
    scenario.world.setVoid(node.eni, true)
  },

  /** `eni a detached|attached|deleted`: the daemon lives. With a deleted interface its tags are gone. */
  eni(scenario, [name, what]) {
    const { eni: own } = scenario.node(name)
    if (what === 'deleted') scenario.world.deleteInterface(own)
    else scenario.world.setVoid(own, what === 'detached')
  },

  /**
   * `new-eni a f 300ms [kept]`: its instance has the interface f instead, and its daemon knows so much later. The one before
   * is deleted, or kept: another instance's.
   */
  'new-eni'(scenario, [name, id, time, kept]) {
    const { world } = scenario
    world.replaceInterface(scenario.node(name), eni(`eni-${id}`), durationOf(time), kept === undefined)
  },

  /** `replace a c`: an instance c with the address and the priority of a, which is gone. */
  replace(scenario, [old, name = '']) {
    const { priority, address } = scenario.node(old)
    scenario.world.start(scenario.world.addNode(name, priority, { address }))
  },

  /** `table 2 denied|allowed`: whether EC2 takes writes to it. */
  table(scenario, [index, what]) {
    const table = scenario.world.keys[Number(index) - 1]?.table ?? ''
    if (what === 'denied') scenario.world.calls.denied.add(table)
    else scenario.world.calls.denied.delete(table)
  },

  /** `route 1 a|nat|tool|none`: somebody else sets the route of a table. */
  route(scenario, [index, to]) {
    scenario.world.setRoute(Number(index) - 1, targetOf(scenario.world, to))
  },

  /** `late-write a`: a write that an earlier life of a sent arrives now. */
  'late-write'(scenario, [name]) {
    scenario.world.calls.lateWrite(scenario.node(name))
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

  /** `history a`: what its daemon has kept of what happened, as people read it. */
  history(scenario, [name]) {
    for (const line of scenario.historyOf(scenario.node(name))) scenario.tell(line)
  },

  /** What each node thinks, what it claims, and where the routes are. */
  status(scenario) {
    const { world } = scenario
    for (const node of world.nodes.values()) {
      const {
        name,
        eni: own,
        daemon: { protocol },
      } = node
      const claim = world.claims().find((each) => each.eni === own)
      const claimed = claim ? `${claim.state} ${claim.priority ?? '?'}` : 'nothing'
      const { decision, details = [] } = protocol ?? {}
      const thinks = decision
        ? [decision.condition, decision.action, ...details.map(({ kind }) => kind)].join(', ')
        : 'no decision'
      scenario.say(`${name}: claims ${claimed}; ${protocol ? thinks : daemonText(node)}`)
    }
    const routes = world.targets().map(routeText).join(' ')
    scenario.say(
      `routes: ${routes}; so far ${world.calls.writes.length} writes, ${world.calls.publishes} publishes, ${world.calls.reads} reads`,
    )
  },
}
