/** examples/cloud-init/user-data.yaml, as cloud-init reads it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import * as z from 'zod'

export const USER_DATA = fileURLToPath(new URL('../../examples/cloud-init/user-data.yaml', import.meta.url))

/**
 * The modules that the example uses: https://cloudinit.readthedocs.io/en/latest/reference/modules.html. cloud-init
 * only warns of a key it does not know, and goes on without it.
 */
const cloudConfig = z.strictObject({
  package_update: z.boolean(),
  packages: z.array(z.string()),
  write_files: z.tuple([
    z.strictObject({ path: z.string(), permissions: z.string().regex(/^0[0-7]{3}$/), content: z.string() }),
  ]),
  runcmd: z.array(z.array(z.string())),
})

export function readUserData(): z.output<typeof cloudConfig> {
  return cloudConfig.parse(parse(readFileSync(USER_DATA, 'utf8')))
}

/** The script that it leaves on the node, with settings filled in. @throws an error for a setting that it does not have */
export function setUpScript(settings: Readonly<Record<string, string>>): string {
  const { write_files: files } = readUserData()
  return Object.entries(settings).reduce((script, [name, value]) => {
    const line = new RegExp(`^${name}='.*'$`, 'm')
    if (!line.test(script)) throw new Error(`the script has no setting ${name}`)
    return script.replace(line, () => `${name}='${value}'`)
  }, files[0].content)
}
