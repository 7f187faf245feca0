/** `vip-switch unpin`: the routes are VRRP's again. */
import { unpinRoutes } from '../agent/pinning.ts'
import { openFor, wantedFor } from '../agent/route-port.ts'
import { instanceOf, loadConfig } from '../config/load.ts'
import { configPath } from '../config/paths.ts'
import { EXIT, type ExitCode } from '../output/exit.ts'
import { openLog } from '../output/log.ts'

const DEADLINE_MS = 10_000

/** @throws Failure */
export async function unpin(name: string, options: { config?: string }): Promise<ExitCode> {
  const config = loadConfig(configPath(options.config))
  instanceOf(config, name)
  const wanted = wantedFor(DEADLINE_MS, await openLog())
  const enis = await unpinRoutes(await openFor(config, wanted), config, name, wanted)
  process.stdout.write(
    enis.length > 0 ? `${name} is no longer pinned to ${enis.join(', ')}\n` : `${name} was not pinned\n`,
  )
  return EXIT.done
}
