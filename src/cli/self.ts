/** What the program tells of itself: completions and the manual page. */
import { Argument, type Command } from 'commander'
import { systemClock } from '../platform/clock.ts'
import { asIs, print } from '../terminal/print.ts'

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a shell completion script for commands, options and VRRP instances')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  vip-switch completion bash | sudo tee /etc/bash_completion.d/vip-switch > /dev/null
  vip-switch completion zsh > "\${fpath[1]}/_vip-switch"
  vip-switch completion fish > ~/.config/fish/completions/vip-switch.fish`,
    )
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion/completion.ts')
      print(asIs(completionScript(program, shell).trimEnd()))
    })
}

export function addVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version, the commit it was built from, and Node’s version')
    .addHelpText('after', '\nExample:\n  vip-switch version')
    .action(() => {
      const commit = process.env.VIP_SWITCH_COMMIT
      print(asIs(`vip-switch ${program.version()}${commit ? ` (${commit})` : ''}\nnode ${process.version}`))
    })
}

export function addManualCommand(program: Command): void {
  // For the build, which installs it for `man vip-switch`.
  program
    .command('manual', { hidden: true })
    .description('print the manual page')
    .action(async () => {
      const { manualPage } = await import('./manual.ts')
      // As set by builds that are to be reproducible.
      const { SOURCE_DATE_EPOCH: seconds } = process.env
      const date = seconds ? Number(seconds) * 1000 : systemClock.wall()
      print(asIs(manualPage(program, date).trimEnd()))
    })
}
