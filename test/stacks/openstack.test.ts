// What the layers declare at OpenStack, seen without an engine.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { Secret } from '../../src/core/secret.ts'
import { openstackSchema } from '../../src/providers/openstack/schema.ts'
import { createOpenstackTarget } from '../../src/providers/openstack/target.ts'
import { targetConformance } from '../conformance/target.ts'
import { moveTo, owned, runLayers, type Layers } from './layers.ts'
import { run } from './mocks.ts'

const login = { user: 'ops', password: new Secret('canary-51c2'), project: 'shop' }
const network = { external: 'public', sshFrom: ['198.51.100.0/24'] }
const sizes = { 'm1.medium': { cpus: 2, memoryMiB: 4096 } }
const config = openstackSchema.parse({ kind: 'openstack', authUrl: 'https://cloud.example:5000/v3', region: 'one', login, network, sizes })
const target = createOpenstackTarget('new', config)
const move = moveTo('openstack', { size: 'm1.medium', volumeGiB: 40, ports: [443], image: 'debian-12' })

targetConformance('OpenStack', async () => ({ target, move, run }))

describe('the layers at OpenStack', () => {
  let layers: Layers
  before(async () => void (layers = await runLayers(target, move)))
  const marks = ({ metadata, tags }: Readonly<Record<string, unknown>>) =>
    (metadata as Record<string, string> | undefined) ?? Object.fromEntries((tags as string[]).map((tag) => tag.split(':')))

  it('keep to the rules of all targets', () => owned(layers, { labelled: marks, unlabelled: /:(RouterInterface|SecGroupRule|Keypair|VolumeAttach)$/ }))

  it('let ssh come only from where the configuration says, and everybody only to the ports of the move', () => {
    const rules = layers.all.filter(({ type }) => type.endsWith(':SecGroupRule')).map(({ inputs }) => inputs)
    assert.deepEqual(
      rules
        .map(({ protocol, portRangeMin = '', portRangeMax = '', remoteIpPrefix = 'group' }) => [protocol, portRangeMin, portRangeMax, remoteIpPrefix].join(' '))
        .toSorted(),
      ['icmp   0.0.0.0/0', 'tcp   group', 'tcp 22 22 198.51.100.0/24', 'tcp 443 443 0.0.0.0/0', 'udp   group'],
    )
  })

  it('put the public address on a port that outlives the server, and tell it by which name the volume shows', () => {
    assert.equal(layers.one('FloatingIp').inputs.portId, 'port-0a1b')
    const { inputs } = layers.one('Instance')
    assert.deepEqual(inputs.networks, [{ port: 'port-0a1b' }])
    assert.equal(parse(String(inputs.userData)).fs_setup[0].device, `/dev/disk/by-id/virtio-${String(layers.outputs.volumeId).slice(0, 20)}`)
  })
})
