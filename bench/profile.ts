/** Where a process's time and memory go, according to the kernel and V8. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { median } from './measure.ts'

const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  /** Microseconds, by the clock of process.hrtime. */
  startTime: z.number(),
  samples: z.array(z.number()),
  /** Microseconds before each sample. */
  timeDeltas: z.array(z.number()),
})
const observationSchema = z.object({
  profile: profileSchema.optional(),
  /** Earlier samples are ignored. */
  from: z.number().optional(),
  garbageMs: z.number().optional(),
  spaces: z.array(z.object({ space_name: z.string(), physical_space_size: z.number() })).optional(),
  code: z.object({ code_and_metadata_size: z.number(), bytecode_and_metadata_size: z.number() }).optional(),
})
type Profile = z.infer<typeof profileSchema>
export type Observation = z.infer<typeof observationSchema>

/** Environment for a Node process to write V8's statistics to the file on exit (observed.cjs). */
export function observed(root: string, file: string, isProfiled = false): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--require=${join(root, 'bench/observed.cjs')}`,
    BENCH_OBSERVED: file,
    ...(isProfiled && { BENCH_PROFILED: '1' }),
  }
}

export function readObservation(file: string): Observation {
  return observationSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Builds a bundle that shows which module each line is from; runs like the program, from one file. */
export function buildReadable(root: string, outfile: string): void {
  const options = [
    ...['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--main-fields=module,main'],
    ...['--supported:dynamic-import=false', '--define:process.env.VIP_SWITCH_BUILD="bench"', '--log-level=error'],
    '--banner:js=#!/usr/bin/env node',
  ]
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [join(root, 'src/main.ts'), ...options, `--outfile=${outfile}`])
  execFileSync('chmod', ['+x', outfile])
}

/**
 * Milliseconds of a profile by owner of the code, longest first; excludes garbage collection, which profiling itself
 * adds to.
 */
export function timeByOwner({ profile, from = 0 }: Observation, bundle: string): Map<string, number> {
  if (!profile) throw new Error('nothing was profiled')
  const { nodes, samples, timeDeltas, startTime } = profile
  const ownerOfLine = ownersIn(readFileSync(bundle, 'utf8'))
  const owners = new Map(nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame, ownerOfLine)]))
  const found = new Map<string, number>()
  let at = startTime
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index] ?? 0
    const owner = owners.get(id)
    if (owner && at >= from) found.set(owner, (found.get(owner) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1000)
  }
  return new Map([...found].sort((a, b) => b[1] - a[1]))
}

/** The code's owner; undefined while no code runs. */
function ownerOf(
  { functionName, url, lineNumber }: Profile['nodes'][number]['callFrame'],
  ownerOfLine: readonly string[],
): string | undefined {
  if (functionName === '(idle)' || functionName === '(garbage collector)') return undefined
  if (url.startsWith('node:')) return 'Node: HTTP, streams, timers'
  return url ? ownerOfLine[lineNumber] : 'native code and the kernel'
}

/** Owners by line, from esbuild's comment at the start of each module. */
function ownersIn(text: string): string[] {
  let owner = 'vip-switch'
  return text.split('\n').map((line) => {
    const [, path] = /^ *\/\/ (\S+\.[cm]?[jt]s)$/.exec(line) ?? []
    if (path && /(^|\/)(src|node_modules)\//.test(path)) owner = ownerOfModule(path)
    return owner
  })
}

function ownerOfModule(path: string): string {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? []
  if (!name) return 'vip-switch'
  if (/^@(aws-sdk|smithy|aws|aws-crypto)\//.test(name)) return 'AWS SDK'
  return /xml|^@nodable/.test(name) ? 'fast-xml-parser' : name
}

/** CPU time used by the process in milliseconds, by thread; `main` is the first. */
export function processorMs(pid: number): Record<'all' | 'main' | 'others', number> {
  const found = { all: 0, main: 0, others: 0 }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // The first field is in nanoseconds (Documentation/scheduler/sched-stats.rst).
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
    found.all += Number(running) / 1e6
    found[thread === String(pid) ? 'main' : 'others'] += Number(running) / 1e6
  }
  return found
}

/** Resident memory in MB: total, mapped files, and the rest; proc(5), smaps. */
export function residentMb(pid: number): Record<'all' | 'files' | 'own', number> {
  const found = { all: 0, files: 0, own: 0 }
  let isFile = false
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const [, path] = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line) ?? []
    if (path !== undefined) isFile = path.startsWith('/')
    const [, kB] = /^Rss: +(\d+) kB$/.exec(line) ?? []
    if (kB === undefined) continue
    found.all += Number(kB) / 1024
    found[isFile ? 'files' : 'own'] += Number(kB) / 1024
  }
  return found
}

/** The phases of a hook, which end at its marks (marked.cjs). */
const PHASES = [
  ['program', 'Node itself, until our first line'],
  ['bundle', 'looking for a daemon to hand over to'],
  ['source', 'reading the code and V8’s code cache, with checksums'],
  ['compiled', 'V8 loads the code cache'],
  ['config', 'running the first modules; the config'],
  ['view', 'running the SDK’s modules'],
  ['wire', 'the request: endpoint, credentials, signature'],
] as const
const marksSchema = z.record(z.enum(PHASES.map(([name]) => name)), z.number())

/** Environment for a hook to write its marks to the file. */
export function marked(root: string, file: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--require=${join(root, 'bench/marked.cjs')}`, BENCH_OBSERVED: file }
}

/** A table of where a hook without a daemon spends its time; medians of the hooks in the file. */
export function coldHookNotes(file: string): string[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const hooks = lines.map((line) => marksSchema.parse(JSON.parse(line)))
  const rows = PHASES.map(([name, what], index) => {
    const [before] = PHASES[index - 1] ?? []
    const took = median(hooks.map((marks) => marks[name] - (before ? marks[before] : 0)))
    return `| ${what} | ${took.toFixed(1)} |`
  })
  return ['| a hook without a daemon | ms |', '| --- | --- |', ...rows]
}
