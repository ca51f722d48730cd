// What Lifeboat does not move is a blocker that names what to use instead.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Node, Notice } from '../../src/core/node.ts'
import { originHazards } from '../../src/core/not-moved.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { inventory, node, request } from './planning.ts'

function planned(changes: Partial<Node>) {
  const [move] = planMoves(request({ inventories: { old: inventory([node(changes)]) } })).moves
  assert.ok(move)
  return move
}

const hazard = (code: string): Partial<Node> => ({ hazards: [{ code, severity: 'info', text: 'It is so.' }] })
const os = (family: Node['os']['family'], id: string | null, name: string): Partial<Node> => ({ os: { family, id, name } })

const rows: readonly (readonly [what: string, changes: Partial<Node>, code: string, hint: RegExp])[] = [
  ['a Windows guest', os('windows', 'windows2019srv_64Guest', 'Windows Server 2019'), 'os-unsupported', /migration service of the target/],
  ['a FreeBSD guest', os('bsd', 'freebsd13_64Guest', 'FreeBSD 13'), 'os-unsupported', /anew/],
  ['an ESXi in a machine', os('other', 'vmkernel7Guest', 'VMware ESXi 7'), 'os-unsupported', /anew/],
  ['a 32-bit Linux', os('linux', 'debian8Guest', 'Debian 8 (32-bit)'), 'os-32-bit', /64-bit/],
  ['an appliance', { hazards: originHazards({ product: 'NSX Edge', vendor: 'VMware, Inc.', managedBy: null }) }, 'appliance', /vendor's image/],
  ['a disk that a cluster shares', hazard('disk-shared'), 'disk-shared', /add a member at the target/],
  ['a raw device mapping', hazard('disk-raw'), 'disk-raw', /virtual disk/],
  ['a machine of the provider itself', hazard('system-machine'), 'system-machine', /Leave it out/],
  ['a template', { template: true }, 'template', /image of the target/],
]

for (const [what, changes, code, hint] of rows) {
  test(`${what} blocks its move and is told what to use instead`, () => {
    const { blockers } = planned(changes)
    assert.deepEqual(
      blockers.map((each) => [each.code, each.severity]),
      [[code, 'error']],
    )
    assert.match(blockers[0]?.hint ?? '', hint)
  })
}

test('what can be mended in the configuration has no such hint', () => {
  const [blocker] = planned({ addresses: [] }).blockers
  assert.deepEqual([blocker?.code, blocker?.hint], ['no-address', undefined])
})

test('a machine is an appliance by its product or by who looks after it, and never because of a product that is not known', () => {
  const codesOf = (product: string | null, vendor: string | null, managedBy: string | null = null): (readonly [string, Notice['severity']])[] =>
    originHazards({ product, vendor, managedBy }).map(({ code, severity }) => [code, severity])
  const closed = [['appliance', 'error']]
  assert.deepEqual(codesOf('VMware vCenter Server Appliance', 'VMware Inc.'), closed)
  assert.deepEqual(codesOf('BIG-IP VE', 'F5 Networks'), closed)
  assert.deepEqual(codesOf('FortiGate-VM64', 'Fortinet'), closed)
  assert.deepEqual(codesOf(null, null, 'com.vmware.vim.eam'), closed)
  // vCloud Director says of every customer's machine that it looks after it.
  assert.deepEqual(codesOf(null, null, 'com.vmware.vcloud'), [])
  assert.deepEqual(codesOf('Debian 12', 'shop'), [['made-from', 'info']])
  assert.deepEqual(codesOf('MySQL Horizontal Sharding', 'shop'), [['made-from', 'info']])
  assert.deepEqual(codesOf(null, 'shop'), [])
})

test('Photon OS is a warning, unless the machine is known for an appliance already', () => {
  const photon = os('linux', 'vmwarePhoton64Guest', 'VMware Photon OS (64-bit)')
  const { blockers, warnings } = planned(photon)
  assert.deepEqual([blockers, warnings.map(({ code }) => code)], [[], ['appliance-likely']])
  const known = planned({ ...photon, hazards: originHazards({ product: 'vCenter Server', vendor: 'VMware', managedBy: null }) })
  assert.ok(!known.warnings.some(({ code }) => code === 'appliance-likely'))
})
