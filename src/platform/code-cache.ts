/** Runs a bundle with V8's code cache, if there is one: compilation is two thirds of a command's start-up time. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/** Whether this process should write the caches of what it runs (bin/code-cache.mjs). */
const IS_WRITER = process.env.VIP_SWITCH_CODE_CACHE === 'write'
/** Two checksums: of everything the cache depends on, and of the cache itself. */
const HEAD_BYTES = 8

/** Runs a CommonJS file once; returns its exports. */
export function runCached(path: string): unknown {
  const bytes = readFileSync(path)
  // The bundle is ASCII: esbuild escapes everything else.
  const source = `(function (exports, require, module, __filename, __dirname) {${bytes.toString('latin1')}\n})`
  const subject = crc32(`${process.version} ${process.arch}`, crc32(bytes))
  const script = new Script(source, { filename: path, cachedData: IS_WRITER ? undefined : readCache(path, subject) })
  if (IS_WRITER) atEnd(() => writeCache(path, subject, script.createCachedData()))
  const module = { exports: {} }
  script.runInThisContext()(module.exports, require, module, path, __dirname)
  return module.exports
}

/** At exit, so that the cache covers every function called until then. */
function atEnd(act: () => void): void {
  process.once('exit', act)
  process.once('SIGTERM', () => process.exit())
}

/** V8 verifies its own version and flags, but neither the source nor the integrity of the cache. */
function readCache(path: string, subject: number): Buffer | undefined {
  let cache: Buffer
  try {
    cache = readFileSync(`${path}.cache`)
  } catch {
    return undefined // No cache yet: bin/code-cache.mjs creates it.
  }
  const data = cache.subarray(HEAD_BYTES)
  const isOurs = data.length > 0 && cache.readUInt32LE(0) === subject && cache.readUInt32LE(4) === crc32(data)
  return isOurs ? data : undefined
}

function writeCache(path: string, subject: number, data: Buffer): void {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(subject, 0)
  head.writeUInt32LE(crc32(data), 4)
  writeFileSync(`${path}.cache.${process.pid}`, Buffer.concat([head, data]))
  renameSync(`${path}.cache.${process.pid}`, `${path}.cache`)
}
