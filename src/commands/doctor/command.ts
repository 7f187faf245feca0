/** `vip-switch doctor`: what it takes, and its help. */
import type { Command } from 'commander'
import { configOption, type Exit, jsonOption, logFormatOption, profileOption, regionOption } from '../options.ts'

export function addDoctorCommand(program: Command, exit: Exit): void {
  program
    .command('doctor')
    .description('check for everything known to break a pair, and say how to fix it')
    .argument('[instance]', 'VRRP instance of the config (default: all)')
    .option('--fix', 'fix what is safe to fix (the source/dest check), after confirmation')
    .option('-f, --force', 'do not ask')
    .option('--state-dir <dir>', 'state directory of hooks (or RUNTIME_DIRECTORY; default /run/vip-switch)')
    .addOption(jsonOption())
    .addOption(configOption())
    .addOption(regionOption())
    .addOption(profileOption())
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      `
As root on a node, it checks everything; elsewhere, only what EC2 reports. It
changes nothing without --fix. Exit code: 0 all checks pass; 1 a check fails;
3 warnings, or a check could not run.

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
