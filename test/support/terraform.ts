/** Evaluates parts of examples/terraform, which need neither a provider nor AWS. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'

export const MODULE = fileURLToPath(new URL('../../examples/terraform', import.meta.url))

const PARTS = ['variables.tf', 'policy.tf', 'user-data.tf', 'user-data.sh.tftpl']

/** Terraform's environment: nothing of this user's settings, and nothing written among them. */
export const terraformEnvironment = {
  PATH: process.env.PATH,
  HOME: '/dev/null',
  CHECKPOINT_DISABLE: 'true',
  TF_CLI_CONFIG_FILE: '/dev/null',
}

const evaluated = z.object({ policy: z.unknown(), user_data: z.object({ a: z.string(), b: z.string() }) })

export type Given = {
  readonly variables: Readonly<Record<string, string>>
  /** What the module's other locals would be. */
  readonly locals: {
    readonly arn: string
    readonly addresses: { readonly a: string; readonly b: string }
    readonly agent_releases: string
  }
}

/** What the nodes' role may do, and what each runs at its first boot. */
export function evaluateModule({ variables, locals }: Given): z.output<typeof evaluated> {
  const directory = mkdtempSync(join(tmpdir(), 'vip-switch-terraform-'))
  try {
    for (const part of PARTS) copyFileSync(join(MODULE, part), join(directory, part))
    // Terraform also takes its configuration as JSON.
    writeFileSync(join(directory, 'given.tf.json'), JSON.stringify({ locals }))
    const given = Object.entries(variables).flatMap(([name, value]) => ['-var', `${name}=${value}`])
    const expression = 'jsonencode({ policy = local.policy, user_data = local.user_data })'
    const options = { cwd: directory, env: terraformEnvironment, input: expression, encoding: 'utf8' } as const
    const text = execFileSync('terraform', ['console', ...given], options)
    return evaluated.parse(JSON.parse(z.string().parse(JSON.parse(text))))
  } finally {
    rmSync(directory, { recursive: true })
  }
}
