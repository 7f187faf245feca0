/** What of the nodes is out of order, one thing at a time. */
import { describe, test } from 'vitest'
import { detachInterface, setInstanceState } from '../../../../src/lab/ec2/changes.ts'
import type { NetworkAcl } from '../../../../src/lab/ec2/model.ts'
import {
  assertFound,
  type Case,
  groupNamed,
  held,
  instanceNamed,
  interfaceOf,
  tableNamed,
  wellSeed,
} from '../../../support/doctor.ts'
import { endpoint, startEndpointForEachTest } from '../../../support/endpoint.ts'
import { eniOf, idOf } from '../../../support/node.ts'

startEndpointForEachTest(wellSeed)

/** A network ACL of its own for the subnet of this node. */
function aclOf(name: string): NetworkAcl {
  const { subnetId, vpcId } = interfaceOf(name)
  for (const acl of endpoint.region.networkAcls.values()) {
    acl.subnetIds = acl.subnetIds.filter((each) => each !== subnetId)
  }
  const acl = { id: 'acl-0a1b2c3d', vpcId, isDefault: false, subnetIds: [subnetId], entries: [] }
  endpoint.region.networkAcls.set(acl.id, acl)
  return acl
}

const cases: Case[] = [
  {
    title: 'a source/dest check that is on',
    change: () => {
      interfaceOf('db-2').sourceDestCheck = true
    },
    finds: {
      check: 'source-dest-check',
      verdict: 'fail',
      subject: 'db-2',
      found: /^on for eni-\w+: traffic for the VIP is dropped$/,
      mend: /^aws ec2 modify-network-interface-attribute --network-interface-id eni-\w+ --no-source-dest-check --region ap-northeast-1$/,
    },
  },
  {
    title: 'no way in for protocol 112',
    change: () => {
      groupNamed('db').ingress = [{ protocol: 'tcp', ports: { from: 5432, to: 5432 }, peer: { cidr: '10.0.0.0/8' } }]
    },
    finds: {
      check: 'protocol-112',
      verdict: 'fail',
      subject: 'db-2, db-1',
      found:
        /^sg-\w+ \(db\) does not allow protocol 112 in from db-1 \(10\.0\.1\.11\), nor in from db-2 \(10\.0\.2\.12\): both nodes would become MASTER$/,
      mend: /^aws ec2 authorize-security-group-ingress --group-id sg-\w+ --protocol 112 --port -1 --source-group sg-\w+ --region ap-northeast-1$/,
    },
  },
  {
    title: 'a way in for protocol 112 of one node alone',
    change: () => {
      groupNamed('db').ingress = [{ protocol: '112', peer: { cidr: '10.0.1.11/32' } }]
    },
    finds: { check: 'protocol-112', verdict: 'fail', subject: 'db-1', found: /in from db-2/ },
  },
  {
    title: 'no way out for protocol 112',
    change: () => {
      groupNamed('db').egress = [{ protocol: 'tcp', ports: { from: 443, to: 443 }, peer: { cidr: '0.0.0.0/0' } }]
    },
    finds: {
      check: 'protocol-112',
      verdict: 'fail',
      found: /does not allow protocol 112 out to db-2/,
      mend: /^aws ec2 authorize-security-group-egress --group-id sg-\w+ --ip-permissions 'IpProtocol=112,UserIdGroupPairs=\[\{GroupId=sg-\w+\}\]' --region ap-northeast-1$/,
    },
  },
  {
    title: 'two groups that do not know each other',
    change: () => {
      interfaceOf('db-2').groupIds = [groupNamed('other').id]
    },
    finds: {
      check: 'protocol-112',
      verdict: 'fail',
      subject: 'db-2',
      found: /\(other\) does not allow protocol 112 in from db-1/,
    },
  },
  {
    title: 'a network ACL that lets VRRP out, but not in',
    change: () => {
      const acl = aclOf('db-2')
      acl.entries = [
        { number: 90, egress: false, protocol: '6', action: 'allow', cidr: '0.0.0.0/0' },
        { number: 100, egress: false, protocol: '-1', action: 'deny', cidr: '10.0.0.0/16' },
        { number: 110, egress: false, protocol: '-1', action: 'allow', cidr: '0.0.0.0/0' },
        { number: 100, egress: true, protocol: '-1', action: 'allow', cidr: '0.0.0.0/0' },
      ]
    },
    finds: {
      check: 'network-acls',
      verdict: 'fail',
      subject: 'db-2',
      found:
        /^acl-\w+, of subnet-\w+, does not allow protocol 112 in from db-1 \(10\.0\.1\.11\): both nodes would become MASTER$/,
      mend: /^aws ec2 create-network-acl-entry --network-acl-id acl-\w+ --ingress --rule-number 99 --protocol 112 --rule-action allow --cidr-block 10\.0\.1\.11\/32 --region ap-northeast-1$/,
    },
  },
  {
    title: 'a network ACL without a rule that lets VRRP out',
    change: () => {
      const acl = aclOf('db-1')
      acl.entries = [{ number: 32_766, egress: false, protocol: '112', action: 'allow', cidr: '10.0.0.0/8' }]
    },
    finds: {
      check: 'network-acls',
      verdict: 'fail',
      subject: 'db-1',
      found: /does not allow protocol 112 out to db-2 \(10\.0\.2\.12\)/,
      mend: /--egress --rule-number 32766 --protocol 112/,
    },
  },
  {
    title: 'two nodes that claim to be MASTER, though everything lets VRRP through',
    change: () => {
      for (const name of ['db-1', 'db-2']) {
        const tags = held(endpoint.region.tags.get(eniOf(name)))
        tags.set('vip-switch:db:VI_1', (tags.get('vip-switch:db:VI_1') ?? '').replace('BACKUP', 'MASTER'))
      }
    },
    finds: {
      check: 'split-brain',
      verdict: 'warn',
      subject: 'VI_1',
      found:
        /^db-1 and db-2 claim to be MASTER: adverts between them are lost\. .*security groups.*network ACLs.*firewalls \(sudo nft list ruleset, sudo iptables -S\)/,
      mend: /^sudo tcpdump -ni any 'ip proto 112'$/,
    },
  },
  {
    title: 'both nodes in one zone',
    change: () => {
      held(endpoint.region.subnets.get(interfaceOf('db-2').subnetId)).zone = 'ap-northeast-1a'
    },
    finds: {
      check: 'zones',
      verdict: 'warn',
      found: /^db-1 and db-2 are in ap-northeast-1a: its loss would take them all down$/,
    },
  },
  {
    title: 'IMDSv1',
    change: () => {
      instanceNamed('db-1').metadata.tokens = 'optional'
    },
    finds: {
      check: 'imds',
      verdict: 'warn',
      subject: 'db-1',
      found: /IMDSv1 is enabled/,
      mend: /^aws ec2 modify-instance-metadata-options --instance-id i-\w+ --http-tokens required --region ap-northeast-1$/,
    },
  },
  {
    title: 'no metadata service',
    change: () => {
      instanceNamed('db-2').metadata.endpoint = 'disabled'
    },
    finds: {
      check: 'imds',
      verdict: 'fail',
      subject: 'db-2',
      found: /^disabled/,
      mend: /--http-endpoint enabled --region ap-northeast-1$/,
    },
  },
  {
    title: 'a hop limit of 1, which is enough on a host',
    change: () => {
      instanceNamed('db-1').metadata.hopLimit = 1
    },
    finds: { check: 'imds', verdict: 'ok', found: /db-1: IMDSv2, hop limit 1 \(2 for a container\)/ },
  },
  {
    title: 'a node that is stopped',
    change: () => setInstanceState(endpoint.region, idOf('db-2', 'i-'), 'stopped'),
    finds: {
      check: 'members',
      verdict: 'warn',
      subject: 'db-2',
      found: /has a claim but carries no traffic: its instance is stopped$/,
      mend: /^aws ec2 start-instances --instance-ids i-\w+ --region ap-northeast-1$/,
    },
  },
  {
    title: 'a claim on an interface that is detached',
    change: () => detachInterface(endpoint.region, eniOf('db-2')),
    finds: {
      check: 'members',
      verdict: 'warn',
      found: /not attached to an instance/,
      mend: /^aws ec2 delete-tags --resources eni-\w+ --tags Key=vip-switch:db:VI_1 --region ap-northeast-1$/,
    },
  },
  {
    title: 'one node alone',
    change: () => endpoint.region.tags.delete(eniOf('db-2')),
    finds: {
      check: 'members',
      verdict: 'warn',
      subject: null,
      found: /^only db-1 .* is known: no other node has published/,
    },
  },
  {
    title: 'an own path to EC2 over a route that it moves',
    run: { instance: { vips: ['0.0.0.0/0'] } },
    change: () => {
      for (const name of ['private-a', 'private-c']) {
        const route = held(tableNamed(name).routes.at(-1))
        route.destination = { kind: 'ipv4', value: '0.0.0.0/0' }
      }
    },
    finds: {
      check: 'api-path',
      verdict: 'warn',
      subject: 'db-1',
      found:
        /^127\.0\.0\.1 is reached over 0\.0\.0\.0\/0 in rtb-\w+ \(private-a\), which vip-switch moves: .* unless the VPC has an endpoint/,
    },
  },
]

describe('is found', () => {
  test.each(cases)('$title', assertFound)
})
