/** The region that an operator names overrides the config's. */
import type { Config } from './schema.ts'

export function inRegion<Part extends Pick<Config, 'region'>>(config: Part, region: string | undefined): Part {
  return region === undefined ? config : { ...config, region }
}
