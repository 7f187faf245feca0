/** The module in examples/terraform, as far as Terraform judges it without a provider. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { evaluate, readTemplate } from '../support/cloudformation.ts'
import { requires } from '../support/requires.ts'
import { evaluateModule, MODULE, terraformEnvironment } from '../support/terraform.ts'

const files = readdirSync(MODULE).filter((name) => name.endsWith('.tf'))
/** Without comments, in which names are words. */
const text = files.map((name) => readFileSync(join(MODULE, name), 'utf8').replaceAll(/^ *#.*$/gm, '')).join('\n')
const matches = (pattern: RegExp) => new Set(Array.from(text.matchAll(pattern), ([, ...parts]) => parts.join('.')))

describe('the Terraform module', () => {
  test.skipIf(!requires('terraform'))('is parsed by Terraform, and formatted', async () => {
    const run = execa('terraform', ['fmt', '-check', '-diff', MODULE], { env: terraformEnvironment, reject: false })
    const { exitCode, stdout, stderr } = await run
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('refers to nothing that it does not declare, and declares nothing in vain', () => {
    const locals = Array.from(text.matchAll(/^locals \{\n(.*?)^\}/gms), ([, body = '']) => body).join('\n')
    const declared = {
      var: matches(/^variable "(\w+)"/gm),
      local: new Set(Array.from(locals.matchAll(/^ {2}(\w+) +=/gm), ([, name = '']) => name)),
      data: matches(/^data "(\w+)" "(\w+)"/gm),
      resource: matches(/^resource "(\w+)" "(\w+)"/gm),
    }
    const referred = {
      var: matches(/\bvar\.(\w+)/g),
      local: matches(/\blocal\.(\w+)/g),
      data: matches(/\bdata\.(aws_\w+)\.(\w+)/g),
      resource: matches(/(?<!data\.|["\w])(aws_\w+)\.(\w+)/g),
    }
    for (const kind of ['var', 'local', 'data'] as const) {
      expect([...referred[kind]].sort()).toEqual([...declared[kind]].sort())
    }
    expect(referred.resource.size).toBeGreaterThan(10)
    expect([...referred.resource].filter((name) => !declared.resource.has(name))).toEqual([])
  })

  test.skipIf(!requires('terraform'))('gives the role the same policy as the CloudFormation stack', () => {
    const template = readTemplate()
    const place = { 'AWS::Partition': 'aws', 'AWS::Region': 'ap-northeast-1', 'AWS::AccountId': '123456789012' }
    const refs = { ...place, Cluster: 'db', RouteTables: 'private' }
    const policies = evaluate(template.Resources.Role?.Properties.Policies, template, { refs })
    const { policy } = evaluateModule({
      variables: {
        ...{ package_url: 'https://example.com/vip-switch.deb', package_sha256: '0'.repeat(64) },
        ...{ cluster: 'db', route_tables: 'private' },
      },
      locals: {
        arn: 'arn:aws:ec2:ap-northeast-1:123456789012',
        addresses: { a: '10.0.1.11', b: '10.0.2.12' },
        agent_releases: 'https://example.com',
      },
    })
    expect(policies).toEqual([{ PolicyName: 'vip-switch', PolicyDocument: policy }])
  })
})
