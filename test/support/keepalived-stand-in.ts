/** A process that is called keepalived, answers its signals, and can be told to answer them badly. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, onTestFinished } from 'vitest'
import { createProbe, type ProbeOptions, type ProbeResult } from '../../src/adapters/keepalived/probe.ts'
import { dataOf, jsonOf, type Told } from './keepalived-dumps.ts'

/**
 * Answers SIGUSR2 with the JSON and SIGUSR1 with the data, as keepalived does: a temporary file, renamed, then filled.
 * `how` is read at each signal; `halves` come 30 ms apart.
 */
export const standIn = `
  const { appendFileSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
  const { join } = require('node:path')
  const file = (name) => join(process.env.TMPDIR, name)
  const { deaf } = JSON.parse(readFileSync(file('how')))
  function answer(name) {
    const { how, [name]: text } = JSON.parse(readFileSync(file('how')))
    appendFileSync(file('asked'), name + '\\n')
    if (how === 'silent') return
    writeFileSync(file('temporary'), '')
    renameSync(file('temporary'), file(name))
    if (how === 'whole') return appendFileSync(file(name), text)
    appendFileSync(file(name), text.slice(0, text.length / 2))
    if (how === 'halves') setTimeout(() => appendFileSync(file(name), text.slice(text.length / 2)), 30)
  }
  if (!deaf) {
    process.on('SIGUSR1', () => answer('keepalived.data'))
    process.on('SIGUSR2', () => answer('keepalived.json'))
  }
  process.title = 'keepalived'
  console.log('up')
  setInterval(() => {}, 1000)
`

export let directory: string

/** To be called once by a test file, before its tests. */
export function makeDirectoryForEachTest(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vip-switch-probe-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))
}

export const file = (name: string) => join(directory, name)

type Behaviour = { how?: 'whole' | 'halves' | 'half' | 'silent'; deaf?: boolean; json?: unknown; data?: string }

export function behave(instances: readonly Told[], { how = 'whole', deaf = false, json, data }: Behaviour = {}) {
  const texts = {
    'keepalived.json': JSON.stringify(json ?? jsonOf(instances)),
    'keepalived.data': data ?? dataOf(instances),
  }
  writeFileSync(file('how'), JSON.stringify({ how, deaf, ...texts }))
}

export async function startStandIn() {
  const child = spawn(process.execPath, ['-e', standIn], {
    env: { TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  writeFileSync(file('pid'), `${child.pid}\n`)
  return child
}

/** What tells the signal numbers: with JSON it says that of SIGUSR2. */
export function program(knowsJson = true) {
  const path = file(knowsJson ? 'with-json' : 'without-json')
  const answer = knowsJson ? 'echo 12' : 'echo "Unknown sigfunc JSON" >&2; exit 1'
  writeFileSync(path, `#!/bin/sh\n${answer}\n`)
  chmodSync(path, 0o755)
  return path
}

export function probeOf(options: Partial<ProbeOptions> = {}) {
  return createProbe({ pidFile: file('pid'), expected: ['VI_1'], program: program(), ...options })
}

export function instanceIn(result: ProbeResult, name = 'VI_1') {
  return result.kind === 'running' ? result.instances.get(name) : undefined
}

export const asked = () =>
  existsSync(file('asked')) ? readFileSync(file('asked'), 'utf8').split('\n').filter(Boolean) : []
