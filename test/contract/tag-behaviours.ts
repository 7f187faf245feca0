import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeTagsCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from '@aws-sdk/client-ec2'
import { expect } from 'vitest'
import { type Behaviour, refusal, type Target } from './target.ts'

async function tagsOf({ client }: Target, resourceId: string): Promise<Record<string, string>> {
  const Filters = [{ Name: 'resource-id', Values: [resourceId] }]
  const { Tags } = await client.send(new DescribeTagsCommand({ Filters }))
  return Object.fromEntries((Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
}

function tag({ client }: Target, resourceIds: string[], tags: Record<string, string>) {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  return client.send(new CreateTagsCommand({ Resources: resourceIds, Tags }))
}

const claim = 'MASTER prio=150 addr=10.0.1.11 since=2026-11-23T01:02:03Z beat=2026-11-23T01:02:03.120Z'

export const tagBehaviours: Behaviour[] = [
  {
    name: 'tags are put on an interface, overwritten, and found by their key',
    ec2: async (target) => {
      const [interfaceId] = target.fixture.interfaceIds
      await tag(target, [interfaceId], { 'vip-switch:db:VI_1': 'BACKUP', 'a<b>&"c': 'd&amp;é' })
      await tag(target, [interfaceId], { 'vip-switch:db:VI_1': claim })
      expect(await tagsOf(target, interfaceId)).toEqual({ 'vip-switch:db:VI_1': claim, 'a<b>&"c': 'd&amp;é' })
      const { NetworkInterfaces } = await target.client.send(
        new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'tag-key', Values: ['vip-switch:db:*'] }] }),
      )
      expect(NetworkInterfaces?.map(({ NetworkInterfaceId }) => NetworkInterfaceId)).toEqual([interfaceId])
      expect(NetworkInterfaces?.[0]?.TagSet).toContainEqual({ Key: 'vip-switch:db:VI_1', Value: claim })
    },
  },
  {
    name: 'a tag is deleted by its key, or only with its value',
    ec2: async (target) => {
      const { tableId } = target.fixture
      const remove = (Tags: { Key: string; Value?: string }[]) =>
        target.client.send(new DeleteTagsCommand({ Resources: [tableId], Tags }))
      await tag(target, [tableId], { pin: 'one', note: 'two' })
      await remove([{ Key: 'pin', Value: 'another' }])
      expect(await tagsOf(target, tableId)).toMatchObject({ pin: 'one', note: 'two' })
      await remove([{ Key: 'pin', Value: 'one' }, { Key: 'note' }])
      expect(Object.keys(await tagsOf(target, tableId)).sort()).toEqual(['Name', 'role'])
    },
  },
  {
    name: 'of two resources one is unknown, and none is tagged',
    ec2: async (target) => {
      const [, interfaceId] = target.fixture.interfaceIds
      const before = await tagsOf(target, interfaceId)
      expect(await refusal(tag(target, [interfaceId, 'eni-0123456789abcdef0'], { half: 'done' }))).toMatchObject({
        code: 'InvalidNetworkInterfaceID.NotFound',
        status: 400,
      })
      expect(await tagsOf(target, interfaceId)).toEqual(before)
    },
    moto: {
      why: 'tags what it is told',
      does: async (target) => {
        const [, interfaceId] = target.fixture.interfaceIds
        await tag(target, [interfaceId, 'eni-0123456789abcdef0'], { half: 'done' })
        expect(await tagsOf(target, 'eni-0123456789abcdef0')).toEqual({ half: 'done' })
      },
    },
  },
  {
    name: "the keys that are AWS's own",
    ec2: async (target) => {
      expect(await refusal(tag(target, [target.fixture.tableId], { 'aws:mine': 'yes' }))).toMatchObject({
        code: 'InvalidParameterValue',
        status: 400,
      })
    },
    moto: {
      why: 'accepts them',
      does: async (target) => {
        await tag(target, [target.fixture.tableIds[0] ?? ''], { 'aws:mine': 'yes' })
      },
    },
  },
  {
    name: 'the source/destination check is turned off and on',
    ec2: async ({ client, fixture }) => {
      const [NetworkInterfaceId] = fixture.interfaceIds
      for (const Value of [false, true]) {
        await client.send(
          new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck: { Value } }),
        )
        const { NetworkInterfaces } = await client.send(
          new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [NetworkInterfaceId] }),
        )
        expect(NetworkInterfaces?.[0]?.SourceDestCheck).toBe(Value)
      }
    },
  },
]
