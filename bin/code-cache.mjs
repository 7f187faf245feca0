// Creates V8's code caches (src/platform/code-cache.ts) by running two commands: a hook, up to its first write, and `vip-switch
// status`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('vip-switch', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../dist/main.cjs', import.meta.url))
// In a fresh clone, dependencies are installed before anything is built.
if (existsSync(BUNDLE)) {
  try {
    await makeCaches()
  } catch (error) {
    // Only an optimisation: without the caches, commands just start more slowly.
    process.stderr.write(`vip-switch: cannot create the code cache: ${error.message}\n`)
  }
}

async function makeCaches() {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-cache-'))
  const ec2 = run({}, 'lab', 'ec2', '--port', '0')
  try {
    const [chunk] = await Promise.race([once(ec2.stdout, 'data'), once(ec2, 'exit').then(() => [''])])
    const env = environment(directory, String(chunk))
    // The BACKUP event parses the config, so that the MASTER event only runs what a failover waits for.
    await once(run(env, 'notify', 'INSTANCE', 'VI_1', 'BACKUP', '100'), 'exit')
    await runUntilAsked({ ...env, VIP_SWITCH_CODE_CACHE: 'write' }, 'notify', 'INSTANCE', 'VI_1', 'MASTER', '150')
    await once(run({ ...env, VIP_SWITCH_CODE_CACHE: 'write' }, 'status'), 'exit')
  } finally {
    ec2.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

function run(env, ...words) {
  const options = { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'ignore'] }
  return spawn(process.execPath, [BIN, ...words], options)
}

/** Kills the process when its first EC2 request arrives. */
async function runUntilAsked(env, ...words) {
  const server = createServer(() => hook.kill()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hook = run({ ...env, AWS_ENDPOINT_URL: `http://127.0.0.1:${server.address().port}` }, ...words)
  await once(hook, 'exit')
  server.closeAllConnections()
  server.close()
}

/** @param overview the output of `vip-switch lab ec2`: its URL and resource ids */
function environment(directory, overview) {
  const [url] = /http:\S+/.exec(overview) ?? []
  const [table] = /rtb-\w+/.exec(overview) ?? []
  const [eni] = /eni-\w+/.exec(overview) ?? []
  if (!url || !table || !eni) throw new Error('the embedded EC2 endpoint did not start')
  const config = join(directory, 'config.yaml')
  const instance = `{ vips: [10.99.0.10], routeTables: [${table}] }`
  const control = join(directory, 'control.sock')
  writeFileSync(config, `cluster: cache\neni: ${eni}\ncontrol: ${control}\ninstances:\n  VI_1: ${instance}\n`)
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'ap-northeast-1',
    AWS_ACCESS_KEY_ID: 'cache',
    AWS_SECRET_ACCESS_KEY: 'cache',
    VIP_SWITCH_CONFIG: config,
    RUNTIME_DIRECTORY: directory,
    STATE_DIRECTORY: directory,
  }
}
