import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { policySchema } from '../../../../src/lab/ec2/iam/policy.ts'
import { environmentFor, runProgram } from '../../../support/cli.ts'

const ROLE = 'arn:aws-cn:iam::210987654321:role/route-switch'
const TABLE = 'rtb-0000000000000000a'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vip-switch-test-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** Runs it on a config, with no credentials and nothing to ask. */
async function print(top: object, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const config = join(directory, 'config.yaml')
  const instances = { VI_1: { vips: ['10.99.0.10'], routeTables: [TABLE] } }
  await writeFile(config, JSON.stringify({ cluster: 'db', ...top, instances }))
  const bare = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_REGION: undefined }
  const run = await runProgram(
    ['iam-policy', '--config', config, ...args],
    environmentFor(undefined, { ...bare, ...env }),
  )
  return { ...run, resources: run.stdout ? resourcesOf(run.stdout) : [] }
}

const resourcesOf = (text: string) => policySchema.parse(JSON.parse(text)).Statement.flatMap(({ Resource }) => Resource)

describe('iam-policy', () => {
  test('prints a policy and nothing else where all is known', async () => {
    const { exitCode, stderr, resources } = await print({ region: 'cn-north-1' }, ['--account', '123456789012'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(resources).toContain(`arn:aws-cn:ec2:cn-north-1:123456789012:route-table/${TABLE}`)
  })

  test('takes the region of the environment', async () => {
    const { resources } = await print({}, ['--account', '123456789012'], { AWS_REGION: 'eu-west-1' })
    expect(resources).toContain(`arn:aws:ec2:eu-west-1:123456789012:route-table/${TABLE}`)
  })

  test.each([
    ['us-iso-east-1', 'arn:aws-iso:ec2:us-iso-east-1:'],
    ['us-isof-south-1', 'arn:aws-iso-f:ec2:us-isof-south-1:'],
    ['eusc-de-east-1', 'arn:aws-eusc:ec2:eusc-de-east-1:'],
  ])('names the partition of %s', async (AWS_REGION, beginning) => {
    const { resources } = await print({}, ['--account', '123456789012'], { AWS_REGION })
    expect(resources).toContain(`${beginning}123456789012:route-table/${TABLE}`)
  })

  test('refuses a region of no partition', async () => {
    const { exitCode, stdout, stderr } = await print({}, [], { AWS_REGION: 'xx-east-1' })
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('xx-east-1 is not a region of any AWS partition: aws, aws-cn,')
    expect(stderr).toContain('correct region in the config, AWS_REGION or the profile')
  })

  test('refuses a role of another partition', async () => {
    const { exitCode, stderr } = await print({ region: 'eu-west-1', assumeRole: ROLE })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('eu-west-1 is in the partition aws, but the role of assumeRole is in aws-cn')
  })

  test('says how what is wider than it need be is narrowed', async () => {
    const { exitCode, stderr, resources } = await print({})
    expect(exitCode).toBe(0)
    expect(resources).toContain(`arn:aws:ec2:*:*:route-table/${TABLE}`)
    expect(stderr).toBe(
      'It applies to any region of the partition aws: set region in the config, or AWS_REGION, to narrow or correct it.\n' +
        'It applies to any account: use --account 123456789012 to narrow it.',
    )
  })

  test('prints the policy of the role that is assumed apart, and says so', async () => {
    const top = { region: 'cn-north-1', assumeRole: ROLE }
    const own = await print(top, ['--account', '123456789012'])
    expect(own.resources).toContain(ROLE)
    expect(own.stderr).toBe(`It is for the instances; for ${ROLE}: vip-switch iam-policy --for route-owner`)
    const other = await print(top, ['--for', 'route-owner'])
    expect(other.resources).toContain(`arn:aws-cn:ec2:cn-north-1:210987654321:route-table/${TABLE}`)
    expect(other.stderr).toBe('')
  })

  test.each([
    ['a role that the config does not have', ['--for', 'route-owner'], 'has no assumeRole'],
    ['a role that there is not', ['--for', 'me'], 'Allowed choices are instance, route-owner'],
    ['an account that is none', ['--account', 'mine'], 'It must be a number of 12 digits'],
  ])('refuses %s', async (_, args, said) => {
    const { exitCode, stdout, stderr } = await print({}, args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(said)
  })
})
