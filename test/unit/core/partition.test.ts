import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endpointService, PARTITIONS, partitionOf } from '../../../src/core/partition.ts'

type Known = {
  id: string
  regionRegex: string
  outputs: { dnsSuffix: string }
  regions: Record<string, object>
}

/** The data of the SDK in the bundle, which it does not export. */
function partitionsOfSdk(): Known[] {
  const sdk = dirname(createRequire(import.meta.url).resolve('@aws-sdk/core/package.json'))
  const file = join(sdk, 'dist-es/submodules/client/util-endpoints/lib/aws/partitions.js')
  const json = readFileSync(file, 'utf8').replace('export const partitionsInfo =', '').replace(/;\s*$/, '')
  return JSON.parse(json).partitions
}

/** botocore's, where Python has it; the AWS CLI's version is not ours, so only its regions are compared. */
function partitionsOfBotocore(): Known[] | undefined {
  try {
    const python = 'import botocore,os;print(os.path.join(os.path.dirname(botocore.__file__),"data/partitions.json"))'
    return JSON.parse(
      readFileSync(execFileSync('python3', ['-c', python], { stdio: 'pipe' }).toString().trim(), 'utf8'),
    ).partitions
  } catch {
    return undefined
  }
}

const sdk = partitionsOfSdk()
const botocore = partitionsOfBotocore()
const regionsOf = (partitions: readonly Known[]) =>
  partitions.flatMap(({ id, regions }) =>
    Object.keys(regions)
      .filter((region) => !region.endsWith('-global'))
      .map((region) => ({ region, id })),
  )

test('the partitions are the SDK’s', () => {
  expect(PARTITIONS.map(({ id, dnsSuffix, regions }) => ({ id, dnsSuffix, regions: regions.source }))).toEqual(
    sdk.map(({ id, outputs, regionRegex }) => ({
      id,
      dnsSuffix: outputs.dnsSuffix,
      regions: regionRegex.replaceAll('\\-', '-'),
    })),
  )
})

describe('every region has the partition that it has', () => {
  test.each(regionsOf(sdk))('in the SDK: $region in $id', ({ region, id }) => {
    expect(partitionOf(region)?.id).toBe(id)
  })

  test.skipIf(!botocore).each(regionsOf(botocore ?? sdk))('in botocore: $region in $id', ({ region, id }) => {
    expect(partitionOf(region)?.id).toBe(id)
  })
})

test.each([
  ['us-newplace-7', 'aws'],
  ['cn-south-1', 'aws-cn'],
  ['us-gov-north-1', 'aws-us-gov'],
  ['us-isob-south-3', 'aws-iso-b'],
])('a region yet to be opened, %s, is in %s by its form', (region, id) => {
  expect(partitionOf(region)?.id).toBe(id)
})

test.each(['xx-east-1', 'us-iso', 'ap-northeast-1a', 'us-isoz-east-1', '', 'aws-global'])(
  '"%s" is in no partition',
  (region) => {
    expect(partitionOf(region)).toBeUndefined()
  },
)

test.each([
  ['ap-northeast-1', 'com.amazonaws.ap-northeast-1.ec2'],
  ['us-gov-west-1', 'com.amazonaws.us-gov-west-1.ec2'],
  ['cn-north-1', 'cn.com.amazonaws.cn-north-1.ec2'],
  ['us-iso-east-1', 'gov.ic.c2s.us-iso-east-1.ec2'],
  ['eusc-de-east-1', 'eu.amazonaws.eusc-de-east-1.ec2'],
])('EC2’s endpoint service in %s is %s', (region, name) => {
  expect(endpointService(region)).toBe(name)
})
