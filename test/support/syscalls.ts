/** What a program has the kernel do to files, by strace(1). */
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const CALLS = [
  ...['openat', 'open', 'creat', 'mkdir', 'mkdirat', 'mknod', 'mknodat', 'bind'],
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat', 'unlink', 'unlinkat', 'rmdir'],
  ...['chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'lchown', 'fchownat', 'truncate', 'ftruncate'],
]

/** Before a command: traces it, and all that it starts. */
export function traced(output: string): string[] {
  // A file for each thread: calls of different threads are not mixed in one.
  return [
    'strace',
    '-ff',
    '-qq',
    '-y',
    '-s',
    '1000',
    '-e',
    `trace=${CALLS.join(',')}`,
    '-e',
    'signal=none',
    '-o',
    output,
  ]
}

/** One that makes, changes or removes a file, and did. */
export type Call = {
  readonly name: string
  readonly path: string
  /** Of an open. */
  readonly flags: readonly string[]
}

const NAMES: Readonly<Record<string, string>> = {
  openat: 'open',
  creat: 'open',
  mkdirat: 'mkdir',
  mknodat: 'mknod',
  renameat: 'rename',
  renameat2: 'rename',
  unlinkat: 'unlink',
}

/** @param output as it was traced to */
export function callsIn(directory: string, output: string): Call[] {
  const files = readdirSync(directory).filter((name) => name.startsWith(`${output}.`))
  return files.flatMap((name) => callsOf(readFileSync(resolve(directory, name), 'utf8')))
}

function callsOf(text: string): Call[] {
  /** What each descriptor was when it was opened last. */
  const open = new Map<string, string>()
  return text.split('\n').flatMap((line) => {
    const [, name = '', words = '', result = ''] = /^(\w+)\((.*)\)\s+= (.*)$/.exec(line) ?? []
    if (name === '' || result.startsWith('-1')) return []
    const flags = /\b(O_\w+(?:\|O_\w+)*)/.exec(words)?.[1]?.split('|') ?? []
    const [, descriptor = '', opened] = /^(\d+)<(.*)>$/.exec(result) ?? []
    if (opened !== undefined) open.set(descriptor, opened)
    const isRead = flags.includes('O_RDONLY') && !flags.includes('O_CREAT') && !flags.includes('O_TRUNC')
    if (isRead) return []
    return pathsOf(words, opened, open).map((path) => ({ name: NAMES[name] ?? name, path, flags }))
  })
}

/** @param opened what an open has led to */
function pathsOf(words: string, opened: string | undefined, open: ReadonlyMap<string, string>): string[] {
  if (opened !== undefined) return [opened]
  const [, ofDescriptor] = /^\d+<(.*?)>/.exec(words) ?? []
  const [, socket] = /sun_path="(.*?)"/.exec(words) ?? []
  if (socket !== undefined) return [socket]
  const named = [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path = '']) => path)
  if (named.length === 0) return ofDescriptor === undefined ? [] : [ofDescriptor]
  return named.map((path) => path.replace(/^\/proc\/self\/fd\/(\d+)/, (whole, id: string) => open.get(id) ?? whole))
}
