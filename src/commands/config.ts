/** `vip-switch config`: whether the file is good, and what it comes to. */
import { effectiveSettings } from '../config/effective.ts'
import { readConfig } from '../config/file.ts'
import { loadConfig, parseConfig } from '../config/load.ts'
import { configPath } from '../config/paths.ts'
import { configJsonSchema } from '../config/schema.ts'
import { checkJson, managedText, settingsJson, settingsText } from '../output/config.ts'
import { EXIT, type ExitCode } from '../output/exit.ts'
import { asIs, asJson, print } from '../output/print.ts'

export type ConfigOptions = { json?: true; config?: string }

/** @throws Failure that lists every problem of the file */
export function checkConfig(file: string | undefined, { json, config: option }: ConfigOptions): ExitCode {
  const path = file ?? configPath(option)
  if (!json) {
    print(managedText(path, loadConfig(path)))
    return EXIT.done
  }
  const result = parseConfig(readConfig(path))
  const problems = Array.isArray(result) ? result : []
  print(checkJson(path, problems))
  return problems.length > 0 ? EXIT.usage : EXIT.done
}

/** @throws Failure as checkConfig */
export function showConfig({ json, config: option }: ConfigOptions): ExitCode {
  const path = configPath(option)
  const settings = effectiveSettings(readConfig(path), loadConfig(path))
  print(json ? settingsJson(path, settings) : settingsText(settings))
  return EXIT.done
}

export function printConfigSchema(): ExitCode {
  print(asJson(configJsonSchema()))
  return EXIT.done
}

export function printInstances({ config: option }: ConfigOptions): ExitCode {
  const { instances } = loadConfig(configPath(option))
  print(asIs(Object.keys(instances).join('\n')))
  return EXIT.done
}
