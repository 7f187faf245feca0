/**
 * The process that stands in for keepalived where keepalived cannot run. It holds VRRP's election and does what the
 * real one does to its surroundings: a pid file, the FIFO, hooks, an answer to SIGUSR1. The adverts go to the lab,
 * which forwards them, or does not.
 */
import { createSocket } from 'node:dgram'
import { readFileSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { dataDump } from './data-dump.ts'
import { type ElectionInput, hold, type Outcome, type VrrpState } from './election.ts'
import { openFifo, runHook } from './events.ts'
import { packetText, parsePacket } from './packet.ts'

const settingsSchema = z.object({
  instances: z.array(z.string()),
  address: z.ipv4(),
  priority: z.int().min(1).max(255),
  /** Milliseconds between adverts. */
  interval: z.number().positive(),
  pidFile: z.string(),
  /** File to write the data to on SIGUSR1. */
  dataFile: z.string(),
  fifo: z.string().optional(),
  /** The command that is called with each transition. */
  hook: z.array(z.string()).optional(),
  /** The command that is called when a master hears a lower one. */
  lowerPriorityHook: z.array(z.string()).optional(),
  /** UDP port of the lab on loopback. */
  port: z.int(),
})

export type SimulatedKeepalivedSettings = z.infer<typeof settingsSchema>

type Instance = { state: VrrpState; since: number; timer: NodeJS.Timeout | undefined }

/** Runs until SIGTERM, as master after a resignation. @throws an error if a file cannot be read or written */
export async function runSimulatedKeepalived(settingsPath: string): Promise<void> {
  const settings = settingsSchema.parse(JSON.parse(readFileSync(settingsPath, 'utf8')))
  const { address, priority, hook, lowerPriorityHook } = settings
  const instances = new Map<string, Instance>()
  const tellFifo = openFifo(settings.fifo)
  const socket = createSocket('udp4')
  // Without the lab there is no network: the error of a refused packet ends this process.
  socket.connect(settings.port, '127.0.0.1')
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const send = (advert?: { instance: string; priority: number }) =>
    socket.send(packetText({ from: address, ...(advert && { advert }) }))

  function tell(name: string, event: string): void {
    tellFifo(name, event, priority)
    if (event === 'MASTER_RX_LOWER_PRI') runHook(lowerPriorityHook, ['INSTANCE', name, event])
    else runHook(hook, ['INSTANCE', name, event, String(priority)])
  }

  function take(name: string, input: ElectionInput): void {
    const instance = instances.get(name)
    if (instance) perform(name, instance, hold(settings, instance.state, input))
  }

  function perform(name: string, instance: Instance, { state, timer, sends, event }: Outcome): void {
    if (timer !== undefined) {
      clearTimeout(instance.timer)
      instance.timer = setTimeout(take, timer, name, { kind: 'timer' })
    }
    if (sends) send({ instance: name, priority })
    instance.state = state
    if (event === undefined) return
    if (event === state) {
      instance.since = Date.now()
      // As keepalived says it.
      process.stdout.write(`(${name}) Entering ${event} STATE\n`)
    }
    tell(name, event)
  }

  /** Resigns, as keepalived does when it is stopped. */
  function stop(): void {
    for (const [name, { state, timer }] of instances) {
      clearTimeout(timer)
      if (state === 'MASTER') send({ instance: name, priority: 0 })
      tell(name, 'STOP')
    }
    socket.close()
    process.off('SIGUSR1', dump)
  }

  function dump(): void {
    dataDump(settings.dataFile, instances, { address, priority })
  }

  socket.on('message', (text) => {
    const packet = parsePacket(text.toString())
    if (packet?.advert) {
      const advert = { priority: packet.advert.priority, address: packet.from }
      take(packet.advert.instance, { kind: 'advert', advert })
    }
  })
  process.on('SIGUSR1', dump)
  process.once('SIGTERM', stop)
  // What looks for keepalived knows it by this name (adapters/keepalived/process.ts).
  writeFileSync('/proc/self/comm', 'keepalived')
  writeFileSync(settings.pidFile, `${process.pid}\n`)
  send()
  for (const name of settings.instances) {
    instances.set(name, { state: 'BACKUP', since: Date.now(), timer: undefined })
    take(name, { kind: 'start' })
  }
  await new Promise((resolve) => socket.once('close', resolve))
}
