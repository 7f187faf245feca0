/** `vip-switch config`: checks the config file and shows the effective settings. */
import { effectiveSettings } from '../../config/effective.ts'
import { readConfig } from '../../config/file.ts'
import { assertHooksAreSafe, hookWeakness } from '../../config/hook-safety.ts'
import { inRegion } from '../../config/in-region.ts'
import { loadConfig, parseConfig, vipsInVpc } from '../../config/load.ts'
import { configPath } from '../../config/paths.ts'
import { type ConfigProblem, configFailure, onLine, WHOLE_FILE } from '../../config/problem.ts'
import { type Config, configJsonSchema } from '../../config/schema.ts'
import { messageOf } from '../../platform/errors.ts'
import { EXIT, type ExitCode } from '../../terminal/exit-code.ts'
import { asIs, asJson, print } from '../../terminal/print.ts'
import { checkJson, managedText, settingsJson, settingsText } from './output.ts'

export type ConfigOptions = { json?: true; config?: string; region?: string }

/** @throws Failure listing every problem in the file */
export async function checkConfig(
  file: string | undefined,
  { json, config: option, region }: ConfigOptions,
): Promise<ExitCode> {
  const path = file ?? configPath(option)
  const text = readConfig(path)
  const config = parseConfig(text)
  if (!json && !Array.isArray(config)) assertHooksAreSafe(path, config)
  const { problems, unchecked } = Array.isArray(config)
    ? { problems: config, unchecked: [] }
    : await checkVips(text, inRegion(config, region), hookProblems(path, config))
  if (json) print(checkJson(path, problems, unchecked))
  else if (Array.isArray(config) || problems.length > 0) throw configFailure(path, problems)
  else print(managedText(path, config, unchecked))
  return problems.length > 0 ? EXIT.usage : EXIT.done
}

function hookProblems(path: string, config: Config): ConfigProblem[] {
  const weakness = hookWeakness(path, config)
  if (!weakness) return []
  const found = `hooks that root would run and others may change: ${weakness.path} ${weakness.why}`
  const message = `root would run its hooks, which others may change: ${weakness.path} ${weakness.why}; ${weakness.cure}`
  const allowed = `a path that only root may change: ${weakness.cure}`
  return [{ ...onLine(1), path: WHOLE_FILE, message, found, allowed }]
}

/** Checks that need EC2. @param found the problems found so far */
async function checkVips(text: string, config: Config, found: readonly ConfigProblem[]) {
  try {
    const { rangesOfVpc } = await import('./vpc-ranges.ts')
    return { problems: [...found, ...vipsInVpc(text, config, await rangesOfVpc(config))], unchecked: [] }
  } catch (error) {
    return { problems: found, unchecked: [`whether every VIP is outside the VPC (${messageOf(error)})`] }
  }
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
