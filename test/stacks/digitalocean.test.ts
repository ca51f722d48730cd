// What the layers declare at DigitalOcean, seen without an engine.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { Secret } from '../../src/core/secret.ts'
import { digitaloceanSchema } from '../../src/providers/digitalocean/schema.ts'
import { createDigitaloceanTarget } from '../../src/providers/digitalocean/target.ts'
import { targetConformance } from '../conformance/target.ts'
import { moveTo, owned, runLayers, type Layers } from './layers.ts'
import { run } from './mocks.ts'

const token = new Secret('canary-token-51c2')
const config = digitaloceanSchema.parse({ kind: 'digitalocean', token, region: 'fra1', network: { sshFrom: ['198.51.100.0/24'] } })
const target = createDigitaloceanTarget('new', config)
const move = moveTo('digitalocean', { size: 'g-2vcpu-8gb', volumeGiB: 40, ports: [443], image: 'debian-12' })

targetConformance('DigitalOcean', async () => ({ target, move, run }))

describe('the layers at DigitalOcean', () => {
  let layers: Layers
  before(async () => void (layers = await runLayers(target, move)))
  const tags = (inputs: Readonly<Record<string, unknown>>) => Object.fromEntries((inputs.tags as string[]).map((tag) => tag.split(':')))

  it('keep to the rules of all targets', () => owned(layers, { labelled: tags, unlabelled: /:(Vpc|SshKey|Firewall)$/ }))

  it('let ssh come only from where the configuration says, and everybody only to the ports of the move', () => {
    const rules = layers.one('Firewall').inputs.inboundRules as { protocol: string; portRange?: string; sourceAddresses: string[] }[]
    assert.deepEqual(
      rules.map(({ protocol, portRange = '', sourceAddresses }) => `${protocol} ${portRange} ${sourceAddresses[0] ?? ''}`),
      ['tcp 22 198.51.100.0/24', 'icmp  0.0.0.0/0', 'tcp 1-65535 10.20.0.0/16', 'udp 1-65535 10.20.0.0/16', 'tcp 443 0.0.0.0/0'],
    )
  })

  it('attach the volume with the droplet, and tell the node by which name it shows', () => {
    const { inputs } = layers.one('Droplet')
    assert.deepEqual(inputs.volumeIds, [layers.outputs.volumeId])
    const device = parse(String(inputs.userData)).fs_setup[0].device
    assert.equal(device, `/dev/disk/by-id/scsi-0DO_Volume_${String(layers.one('Volume').inputs.name)}`)
    assert.deepEqual([layers.one('Volume').inputs.size, inputs.image], [40, 'debian-12-x64'])
  })
})
