/** `vip-switch lab` and `vip-switch lab ec2`. */
import { type ServeOptions, serveEc2 } from '../../lab/ec2/serve.ts'
import { runInteractive } from '../../lab/interactive/interactive.ts'
import { runStory } from '../../lab/lab.ts'
import { runSimulatedKeepalived } from '../../lab/simulated/keepalived-process.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'

/** Demonstrates a failover and a split brain, with this program as the nodes' hook and daemon. */
export async function runLab(): Promise<ExitCode> {
  return (await runStory(ownPath())) ? EXIT.done : EXIT.failed
}

/** Lets the user break two nodes and heal them. */
export async function runInteractiveLab(): Promise<ExitCode> {
  await runInteractive(ownPath())
  return EXIT.done
}

function ownPath(): string {
  const bin = process.argv[1]
  if (bin === undefined) throw new Error('the path of this program is unknown')
  return bin
}

/** Serves the embedded EC2 endpoint until stopped. */
export async function runLabEc2(options: ServeOptions): Promise<ExitCode> {
  await serveEc2(options)
  return EXIT.done
}

/** Stands in for keepalived on a node of the lab. */
export async function runLabKeepalived(settingsPath: string): Promise<ExitCode> {
  await runSimulatedKeepalived(settingsPath)
  return EXIT.done
}
