/** argv → one command. Only what the command needs is loaded, and only once it is known which one it is. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { DURATION_FORM, parseDuration } from './config/duration.ts'
import { Failure, messageOf } from './errors.ts'
import { EXIT, type ExitCode, exitCodeOfError } from './output/exit.ts'
import { styleOf } from './output/style.ts'

let exitCode: ExitCode = EXIT.done

const configOption = new Option(
  '-c, --config <file>',
  'config file (or VIP_SWITCH_CONFIG; default /etc/vip-switch/config.yaml)',
)
const jsonOption = new Option('--json', 'print JSON')

const program = new Command('vip-switch')
  .description('Moves a virtual IP between AWS availability zones: a route-table failover companion to keepalived.')
  .version(packageJson.version)
  .showHelpAfterError('(vip-switch --help and vip-switch COMMAND --help say more)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes:
  0 done   1 failed   2 usage or config   3 partial   4 refused   5 superseded by a newer event

Examples:
  vip-switch lab                        see a failover here, without AWS
  vip-switch list                       what points where
  vip-switch switch VI_1 --to db-2      move an instance's routes by hand`,
  )

program
  .command('notify')
  .description('handle one event of keepalived: what its notify scripts call')
  .argument('[event...]', 'TYPE NAME STATE [PRIORITY], as keepalived appends them')
  .addOption(configOption)
  .option('--state-dir <dir>', 'where events are recorded (or RUNTIME_DIRECTORY; default /run/vip-switch)')
  .option('--deadline <duration>', 'give up after this long', duration, 60_000)
  .addHelpText(
    'after',
    `
In keepalived.conf, inside vrrp_instance VI_1 (keepalived appends the event):
  notify "/usr/bin/vip-switch notify"
  notify_master_rx_lower_pri "/usr/bin/vip-switch notify INSTANCE VI_1 MASTER_RX_LOWER_PRI"

By hand:
  vip-switch notify INSTANCE VI_1 MASTER 150`,
  )
  .action(async (event: string[], options: { config?: string; stateDir?: string; deadline: number }) => {
    const { notify } = await import('./commands/notify.ts')
    exitCode = await notify(event, options)
  })

program
  .command('reconcile')
  .description('the daemon: keeps every route where VRRP means it to be')
  .option('--once', 'say what would be decided now, write nothing, and end')
  .option('--state-dir <dir>', 'where state is kept (or RUNTIME_DIRECTORY; default /run/vip-switch)')
  .addOption(configOption)
  .addHelpText(
    'after',
    `
SIGHUP reads the config again; one that is wrong leaves the old one live.

Examples:
  vip-switch reconcile --once
  systemctl enable --now vip-switch`,
  )
  .action(async (options) => {
    const { reconcile } = await import('./commands/reconcile.ts')
    exitCode = await reconcile(options)
  })

program
  .command('switch')
  .description('point routes at another node, by hand')
  .argument('[instance]', 'VRRP instance of the config, whose VIPs and route tables are meant')
  .option('-r, --route-table <table>', 'route table, by id or Name; repeatable', collect, [])
  .option('-v, --vip <vip>', 'VIP: address, CIDR or prefix list; repeatable', collect, [])
  .option('-I, --instance <instance>', 'to this EC2 instance, by id or Name')
  .option('--eni <eni>', 'to this network interface')
  .option('--to <target>', 'to this private IP, Name or id (default with an INSTANCE: this node)')
  .option('--pin <duration>', 'keep them there for so long, whomever VRRP elects', duration)
  .option('-f, --force', 'do not ask')
  .option('--dry-run', 'ask EC2 whether it would be permitted; change nothing')
  .addOption(jsonOption)
  .addOption(configOption)
  .addHelpText(
    'after',
    `
Examples:
  vip-switch switch VI_1                                           to this node
  vip-switch switch VI_1 --to db-2 --dry-run
  vip-switch switch -r rtb-0a1b2c3d -r private-c -v 10.99.0.10 -I i-0a1b2c3d   as swiro does it`,
  )
  .action(async (instance: string | undefined, options) => {
    const { switchRoutes } = await import('./commands/switch.ts')
    exitCode = await switchRoutes(instance, options)
  })

program
  .command('pin')
  .description('move an instance’s routes to a node and keep them there, whomever VRRP elects')
  .argument('<instance>', 'VRRP instance of the config')
  .requiredOption('--for <duration>', 'for so long: 30m, 2h', duration)
  .option('--to <target>', 'to this private IP, Name or id (default: this node)')
  .option('-f, --force', 'do not ask')
  .addOption(jsonOption)
  .addOption(configOption)
  .addHelpText(
    'after',
    `
Every daemon honours the pin until its end, by EC2's clock.

Example:
  vip-switch pin VI_1 --to db-2 --for 30m`,
  )
  .action(async (instance: string, { for: pin, ...options }) => {
    const { switchRoutes } = await import('./commands/switch.ts')
    exitCode = await switchRoutes(instance, { ...options, pin, routeTable: [], vip: [] })
  })

program
  .command('unpin')
  .description('take the pin away: the routes are VRRP’s again')
  .argument('<instance>', 'VRRP instance of the config')
  .addOption(configOption)
  .addHelpText('after', '\nExample:\n  vip-switch unpin VI_1')
  .action(async (instance: string, options) => {
    const { unpin } = await import('./commands/unpin.ts')
    exitCode = await unpin(instance, options)
  })

program
  .command('list')
  .description('show route tables and the VIPs in them: target, state, instance, zone')
  .addOption(jsonOption)
  .addOption(configOption)
  .addHelpText(
    'after',
    `
Without a config, every route to a network interface or an instance, and every blackhole, counts as a VIP's.

Examples:
  vip-switch list
  vip-switch list --json | jq '.tables[].routes[] | select(.state == "blackhole")'`,
  )
  .action(async (options) => {
    const { list } = await import('./commands/list.ts')
    exitCode = await list(options)
  })

program
  .command('config')
  .description('the config file')
  .command('schema')
  .description('print the JSON Schema of the config file, for editors')
  .action(async () => {
    const { configJsonSchema } = await import('./config/schema.ts')
    process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
  })

const lab = program
  .command('lab')
  .description('show a failover here: an embedded EC2 endpoint, two nodes, and the real keepalived where it can run')
  .action(async () => {
    const { runLab } = await import('./commands/lab.ts')
    exitCode = await runLab()
  })

lab
  .command('ec2')
  .description('serve the embedded EC2 endpoint until stopped')
  .option('--host <address>', 'listen on', '127.0.0.1')
  .option('--port <port>', 'listen on', port, 4599)
  .option('--socket <path>', 'listen on a unix socket, too')
  .option('--seed <file>', 'the VPC to start with (YAML or JSON)')
  .option('--metadata-host <address>', 'serve IMDSv2 on this address', '127.0.0.1')
  .option('--metadata-port <port>', 'serve IMDSv2 on this port, to each caller by its source address', port)
  .addHelpText(
    'after',
    `
Example (the second line is what the first one prints):
  vip-switch lab ec2 --port 4599 &
  export AWS_ENDPOINT_URL=http://127.0.0.1:4599 AWS_REGION=ap-northeast-1 AWS_DEFAULT_REGION=ap-northeast-1 AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
  vip-switch list`,
  )
  .action(async (options) => {
    const { runLabEc2 } = await import('./commands/lab.ts')
    exitCode = await runLabEc2(options)
  })

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError(`It is ${DURATION_FORM}.`)
  return ms
}

function port(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number > 65_535) throw new InvalidArgumentError('It is a number from 0 to 65535.')
  return number
}

function report(error: unknown): ExitCode {
  // Commander has printed its message, and reports --help and --version as errors, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { bold, red } = styleOf(process.stderr)
  process.stderr.write(`${red('vip-switch:')} ${messageOf(error)}\n`)
  if (error instanceof Failure && error.hint) process.stderr.write(`  ${bold('→')} ${error.hint}\n`)
  return exitCodeOfError(error)
}

// A reader that has seen enough (`| head`) ends neither a switch nor its exit code.
process.stdout.on('error', () => {})
try {
  await program.parseAsync()
} catch (error) {
  exitCode = report(error)
}
// Idle connections would keep the process for seconds. What is printed goes out first: a pipe takes 64 KiB at once.
process.stdout.write('', () => process.exit(exitCode))
