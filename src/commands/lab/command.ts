/** `vip-switch lab` and `lab ec2`: what they take, and their help. */
import type { Command } from 'commander'
import { type Exit, port } from '../options.ts'

export function addLabCommands(program: Command, exit: Exit): void {
  const lab = program
    .command('lab')
    .description(
      'demonstrate a failover and a split brain locally: an embedded EC2 endpoint, two nodes, and real keepalived if possible',
    )
    .option('-i, --interactive', 'show the nodes on one screen, with keys to break and heal them')
    .addHelpText(
      'after',
      `
Examples, as root, which real keepalived requires; without root it is simulated:
  sudo vip-switch lab
  sudo vip-switch lab --interactive`,
    )
    .action(async ({ interactive = false }: { interactive?: boolean }) => {
      const { runLab, runInteractiveLab } = await import('./lab.ts')
      exit(interactive ? await runInteractiveLab() : await runLab())
    })

  lab
    .command('ec2')
    .description('serve the embedded EC2 endpoint until stopped')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on', port, 4599)
    .option('--socket <path>', 'also listen on a Unix socket')
    .option('--seed <file>', 'initial VPC (YAML or JSON)')
    .option('--metadata-host <address>', 'serve IMDSv2 on this address', '127.0.0.1')
    .option('--metadata-port <port>', 'serve IMDSv2 on this port; callers are told apart by source address', port)
    .addHelpText(
      'after',
      `
Example (the first command prints the second):
  vip-switch lab ec2 --port 4599 &
  export AWS_ENDPOINT_URL=http://127.0.0.1:4599 AWS_REGION=ap-northeast-1 AWS_DEFAULT_REGION=ap-northeast-1 AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
  vip-switch list`,
    )
    .action(async (options) => {
      const { runLabEc2 } = await import('./lab.ts')
      exit(await runLabEc2(options))
    })

  lab
    .command('simulate-keepalived', { hidden: true })
    .description('stand in for keepalived on a node of the lab')
    .argument('<settings>', 'JSON file that the lab wrote')
    .action(async (settings: string) => {
      const { runLabKeepalived } = await import('./lab.ts')
      exit(await runLabKeepalived(settings))
    })
}
