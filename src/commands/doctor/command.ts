/** `vip-switch doctor`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption } from '../options.ts'

export function addDoctorCommand(program: Command, exit: Exit): void {
  program
    .command('doctor')
    .description('look at everything that is known to break such a pair, and say what mends it')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .option('--fix', 'mend what is safe to (the source/dest check), each asked for')
    .option('-f, --force', 'do not ask')
    .option('--state-dir <dir>', 'where hooks keep state (or RUNTIME_DIRECTORY; default /run/vip-switch)')
    .addOption(jsonOption())
    .addOption(configOption())
    .addHelpText(
      'after',
      `
On a node, as root, it looks at everything; elsewhere at what EC2 tells. It
changes nothing without --fix. Exit code: 0 all is well; 1 something fails; 3
warnings, or something could not be looked at.

Examples:
  sudo vip-switch doctor
  vip-switch doctor VI_1 --json | jq '.findings[] | select(.verdict != "ok")'
  vip-switch doctor --fix`,
    )
    .action(async (instance: string | undefined, options) => {
      const { doctor } = await import('./doctor.ts')
      exit(await doctor(instance, options))
    })
}
