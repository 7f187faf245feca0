// Makes V8's cache of the code that a hook runs, by running one: a failover on an embedded EC2 endpoint.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('vip-switch', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../dist/main.cjs', import.meta.url))
// Nothing is built yet where a clone installs its dependencies.
if (existsSync(BUNDLE)) {
  try {
    await makeCache()
  } catch (error) {
    // A comfort: without it everything works, and starts more slowly.
    process.stderr.write(`vip-switch: no code cache was made: ${error.message}\n`)
  }
}

async function makeCache() {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-cache-'))
  const endpoint = spawn(process.execPath, [BIN, 'lab', 'ec2', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [chunk] = await Promise.race([once(endpoint.stdout, 'data'), once(endpoint, 'exit').then(() => [''])])
    await runHook(directory, String(chunk))
  } finally {
    endpoint.kill()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param overview what `vip-switch lab ec2` prints: where it is, and the ids of what is in it */
async function runHook(directory, overview) {
  const [url] = /http:\S+/.exec(overview) ?? []
  const [table] = /rtb-\w+/.exec(overview) ?? []
  const [eni] = /eni-\w+/.exec(overview) ?? []
  if (!url || !table || !eni) throw new Error('the embedded EC2 endpoint did not start')
  const config = join(directory, 'config.yaml')
  const instance = `{ vips: [10.99.0.10], routeTables: [${table}] }`
  const control = join(directory, 'control.sock')
  writeFileSync(config, `cluster: cache\neni: ${eni}\ncontrol: ${control}\ninstances:\n  VI_1: ${instance}\n`)
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'ap-northeast-1',
    AWS_ACCESS_KEY_ID: 'cache',
    AWS_SECRET_ACCESS_KEY: 'cache',
    VIP_SWITCH_CODE_CACHE: 'write',
    VIP_SWITCH_CONFIG: config,
    RUNTIME_DIRECTORY: directory,
  }
  const hook = spawn(process.execPath, [BIN, 'notify', 'INSTANCE', 'VI_1', 'MASTER', '150'], { env, stdio: 'ignore' })
  await once(hook, 'exit')
}
