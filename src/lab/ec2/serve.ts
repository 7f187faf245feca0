import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { codeOf, Failure, messageOf } from '../../platform/errors.ts'
import { announcement } from './announcement.ts'
import { parseSeed, SeedError } from './seed/seed.ts'
import { type Ec2Endpoint, startEc2Endpoint } from './server.ts'

export type ServeOptions = {
  host: string
  port: number
  /** Path of a Unix socket to listen on as well. */
  socket?: string
  /** Path of a seed file, YAML or JSON. */
  seed?: string
  /** If given, also serves instance metadata on this port, to each instance by source address. */
  metadataPort?: number
  /** Default: the endpoint's host. */
  metadataHost?: string
}

/**
 * Serves an EC2 endpoint until SIGINT or SIGTERM; prints its addresses and resources on stdout.
 * @throws Failure of kind `config`, naming the file, for an invalid seed; or the listen error
 */
export async function serveEc2(options: ServeOptions): Promise<void> {
  const { host, socket, metadataPort, metadataHost = host } = options
  const endpoint = await start(options)
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  try {
    const metadata =
      metadataPort === undefined ? undefined : await endpoint.startMetadata({ host: metadataHost, port: metadataPort })
    await print(announcement(endpoint, metadata?.listeningUrl, socket))
    await stopped
  } finally {
    await endpoint.close()
  }
}

async function start({ host, port, socket, seed }: ServeOptions): Promise<Ec2Endpoint> {
  try {
    return await startEc2Endpoint({
      host,
      port,
      ...(socket !== undefined && { socket }),
      ...(seed !== undefined && { seed: parseSeed(await read(seed)) }),
    })
  } catch (error) {
    if (error instanceof SeedError) throw new SeedError([`${seed}:`, ...error.faults])
    throw listenFailure(error) ?? error
  }
}

/** A failure with a hint if the address or port is unavailable. */
function listenFailure(error: unknown): Failure | undefined {
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'choose another with --port, or 0 for any free port',
    EADDRNOTAVAIL: 'this host does not have that address: choose another with --host',
    EACCES: 'ports below 1024 require root: choose another with --port',
  }
  const hint = hints[codeOf(error) ?? '']
  return hint === undefined ? undefined : new Failure('usage', messageOf(error), { hint, cause: error })
}

async function read(seed: string): Promise<string> {
  try {
    return await readFile(seed, 'utf8')
  } catch (error) {
    throw new Failure('usage', `--seed: ${messageOf(error)}`, { cause: error })
  }
}

/** Resolves once the text is flushed: other programs wait for it. */
function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
