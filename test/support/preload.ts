import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { directory } from './endpoint.ts'

/** The environment in which a Node process runs this module before the program's own. */
export function preload(module: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}` }
}

/** The environment of a process that is held before the program's first line, until it is let go. */
export async function heldStart(): Promise<{ env: NodeJS.ProcessEnv; letGo: () => void }> {
  const path = join(directory, 'held.sock')
  const held: Socket[] = []
  const server = createServer((socket) => held.push(socket)).listen(path)
  await once(server, 'listening')
  function letGo(): void {
    server.close()
    for (const socket of held) socket.destroy()
  }
  onTestFinished(letGo)
  const env = preload(`
    import { connect } from 'node:net'
    await new Promise((go) => connect(${JSON.stringify(path)}).on('error', go).on('close', go).resume())`)
  return { env, letGo }
}
