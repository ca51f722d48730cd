// What a plan says of names that the new hardware does not give.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deviceWarnings } from '../../src/core/plan-devices.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { parsed } from './inside-lines.ts'
import { catalog, inventory, node, request, size } from './planning.ts'

const nitro = size({ name: 'm7i.large', nvme: true, ena: true })
const told = (mounts: readonly string[]) =>
  deviceWarnings(node({ inside: parsed({ mounts }) }), nitro).map(({ code, severity, text }) => [code, severity, text])

describe('a size with NVMe disks and an ENA card', () => {
  it('is a warning where a look inside found disks by the names of their order', () => {
    const [card, disk] = told(['mount:8:1 / / ext4 /dev/sda1', 'mount:8:17 / /srv ext4 /dev/vdb', 'mount:8:18 / /var xfs /dev/mapper/data-var'])
    assert.deepEqual(disk?.slice(0, 2), ['nvme-names', 'warning'])
    assert.match(String(disk?.[2]), /that names \/dev\/sda1 \(\/\), \/dev\/vdb \(\/srv\) must name a UUID/)
    assert.deepEqual(card?.slice(0, 2), ['ena-names', 'info'])
  })

  it('names three of many', () => {
    const many = ['b', 'c', 'd', 'e', 'f'].map((letter) => `mount:8:1 / /srv/${letter} ext4 /dev/sd${letter}1`)
    assert.match(String(told(many)[1]?.[2]), /names \/dev\/sdb1 \(\/srv\/b\), .*sdd1 \(\/srv\/d\) and 2 more must/)
  })

  it('is a note where nobody looked, or every disk has a name of its own', () => {
    assert.deepEqual(
      told(['mount:8:1 / / ext4 /dev/nvme0n1p1', 'mount:8:17 / /srv ext4 /dev/mapper/data-srv']).map(([, severity]) => severity),
      ['info', 'info'],
    )
    assert.deepEqual(
      deviceWarnings(node(), nitro).map(({ code, severity }) => [code, severity]),
      [
        ['ena-names', 'info'],
        ['nvme-names', 'info'],
      ],
    )
  })

  it('is part of the plan, and no other size and no existing target says so', () => {
    const codes = (sizes: ReturnType<typeof catalog>['sizes']) =>
      planMoves(request({ inventories: { old: inventory([node()]) }, catalogs: { new: catalog({ sizes }) } })).moves[0]?.warnings.map(({ code }) => code)
    assert.deepEqual(codes([nitro]), ['ena-names', 'nvme-names'])
    assert.deepEqual(codes([size({ name: 'm4.large' })]), [])
    assert.deepEqual(deviceWarnings(node(), null), [])
  })
})
