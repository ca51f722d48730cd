// What the layers declare at Hetzner, seen without an engine.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { Secret } from '../../src/core/secret.ts'
import { hcloudSchema } from '../../src/providers/hcloud/schema.ts'
import { createHcloudTarget } from '../../src/providers/hcloud/target.ts'
import { targetConformance } from '../conformance/target.ts'
import { moveTo, owned, runLayers, type Layers } from './layers.ts'
import { run } from './mocks.ts'

const token = new Secret('canary-token-51c2')
const config = hcloudSchema.parse({ kind: 'hcloud', token, location: 'fsn1', network: { sshFrom: ['198.51.100.0/24'] } })
const target = createHcloudTarget('new', config)
const move = moveTo('hcloud', { size: 'ccx13', volumeGiB: 4, ports: [443], image: 'debian-12' })

targetConformance('Hetzner', async () => ({ target, move, run }))

describe('the layers at Hetzner', () => {
  let layers: Layers
  before(async () => void (layers = await runLayers(target, move)))

  it('keep to the rules of all targets', () =>
    owned(layers, { labelled: (inputs) => inputs.labels as Record<string, string>, unlabelled: /Subnet$|Attachment$/ }))

  it('let ssh come only from where the configuration says, and everybody only to the ports of the move', () => {
    const rules = layers.all.filter(({ type }) => type.endsWith(':Firewall')).flatMap(({ inputs }) => inputs.rules as { port?: string; sourceIps: string[] }[])
    const from = new Map(rules.map(({ port = 'icmp', sourceIps }) => [port, sourceIps[0]]))
    assert.deepEqual(
      from,
      new Map([
        ['22', '198.51.100.0/24'],
        ['icmp', '0.0.0.0/0'],
        ['443', '0.0.0.0/0'],
      ]),
    )
  })

  it('make a volume of the smallest size that there is, and tell the node by which name it shows', () => {
    assert.equal(layers.one('Volume').inputs.size, 10)
    const data = parse(String(layers.one('Server').inputs.userData))
    assert.equal(data.fs_setup[0].device, `/dev/disk/by-id/scsi-0HC_Volume_${String(layers.outputs.volumeId)}`)
  })

  it('give the node a public address that outlives it, beside one in the private network', () => {
    assert.equal(layers.one('PrimaryIp').inputs.autoDelete, false)
    assert.deepEqual(target.address(layers.outputs), { public: '203.0.113.10', private: '10.20.0.2' })
  })
})
