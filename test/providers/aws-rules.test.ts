// The rules for what is declared at AWS, one after the other: what keeps each, and what breaks it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breachesOf, rules, type Declared } from '../../src/providers/aws/rules.ts'
import { tagsOf } from '../../src/providers/aws/tags.ts'

const tags = tagsOf({ project: 'shop', stack: 'node-web-1', move: 'web-1', run: 'run-1' }, 'web-1')
const declared = (type: string, props: object = {}, options: Partial<Declared> = {}): Declared => ({
  type,
  name: 'web-1',
  props: { tags, ...props },
  protect: false,
  retainOnDelete: false,
  ...options,
})
const [group, volume, instance] = ['aws:ec2/securityGroup:SecurityGroup', 'aws:ebs/volume:Volume', 'aws:ec2/instance:Instance'] as const
const kept = { protect: true, retainOnDelete: true }
const lets = (protocol: string, fromPort: number, toPort: number, from: object = { cidrBlocks: ['0.0.0.0/0'] }) =>
  declared(group, { ingress: [{ protocol, fromPort, toPort, ...from }] })
const { 'lifeboat:run': _run, ...withoutRun } = tags

const cases: Readonly<Record<string, { readonly keep: readonly Declared[]; readonly breach: readonly (readonly [Declared, RegExp])[] }>> = {
  tagged: {
    keep: [
      declared('aws:ec2/eip:Eip'),
      declared('aws:ec2/eipAssociation:EipAssociation', { tags: undefined }),
      declared('pulumi:providers:aws', { tags: undefined }),
    ],
    breach: [
      [declared('aws:ec2/vpc:Vpc', { tags: undefined }), /^Vpc web-1 has no tag lifeboat:project, lifeboat:stack, lifeboat:object, lifeboat:run$/],
      [declared('aws:ec2/eip:Eip', { tags: withoutRun }), /^Eip web-1 has no tag lifeboat:run$/],
    ],
  },
  kept: {
    keep: [declared(volume, { encrypted: true }, kept), declared(instance, { rootBlockDevice: { encrypted: true } })],
    breach: [
      [declared(volume, { encrypted: true }, { protect: true }), /an `up` could remove/],
      [declared(volume, { encrypted: true }, { retainOnDelete: true }), /an `up` could remove/],
    ],
  },
  encrypted: {
    keep: [declared(volume, { encrypted: true }, kept), declared(instance, { rootBlockDevice: { encrypted: true } })],
    breach: [
      [declared(volume, {}, kept), /^Volume web-1 is not encrypted$/],
      [declared(volume, { encrypted: false }, kept), /is not encrypted/],
      [declared(instance), /^Instance web-1 has a system disk that is not encrypted$/],
      [declared(instance, { rootBlockDevice: { encrypted: false } }), /system disk/],
    ],
  },
  closed: {
    keep: [
      declared(group),
      lets('tcp', 80, 80),
      lets('udp', 80, 80),
      lets('icmp', 3, 4),
      lets('tcp', 22, 22, { cidrBlocks: ['198.51.100.0/24'] }),
      lets('-1', 0, 0, { self: true }),
    ],
    breach: [
      [lets('tcp', 22, 22), /lets everybody in where nothing is served \(tcp 22-22\)$/],
      [lets('tcp', 80, 90), /tcp 80-90/],
      [lets('-1', 80, 80), /-1 80-80/],
      [lets('icmp', -1, -1), /icmp/],
      [lets('tcp', 5432, 5432, { ipv6CidrBlocks: ['::/0'] }), /tcp 5432-5432/],
    ],
  },
}

test('each rule has what keeps it and what breaks it', () => {
  assert.deepEqual(Object.keys(cases), Object.keys(rules))
  for (const [rule, { keep, breach }] of Object.entries(cases)) {
    for (const one of keep) assert.deepEqual(breachesOf(one, { openPorts: [80] }), [], `${rule}: ${JSON.stringify(one)}`)
    for (const [one, text] of breach) {
      const [first, ...others] = breachesOf(one, { openPorts: [80] })
      assert.equal(first?.rule, rule)
      assert.match(first.text, text)
      assert.deepEqual(others, [])
    }
  }
})
