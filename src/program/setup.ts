/** What is run once, when a pair is set up. */
import type { Command } from 'commander'

/** `config`. */
export function addSetupCommands(program: Command): void {
  program
    .command('config')
    .description('the config file')
    .command('schema')
    .description('print the JSON Schema of the config file, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../config/schema.ts')
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
    })
}
