// What a look inside suggests for the move of a node.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hintsOf, peersOf } from '../../src/core/inside/hints.ts'
import type { Node } from '../../src/core/node.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { parsed, sockets } from './inside-lines.ts'
import { inventory, move, node, request } from './planning.ts'

describe('a look inside suggests', () => {
  const at = (name: string, ...addresses: string[]): Node => node({ id: name, name, addresses, nics: [] })
  const [web, db, mail] = [at('web-1', '198.100.51.11'), at('db-1', '10.0.0.1', '198.100.51.12'), at('mail-1', '198.100.51.13')]

  it('to go after whom the node talks to, ports and services that others reach, and data', () => {
    const inside = parsed({ ...sockets, mounts: ['mount:8:1 / / ext4 /dev/sda1', 'mount:8:17 / /srv ext4 /dev/sdb1', 'mount:8:2 / /boot ext4 /dev/sda2'] })
    assert.deepEqual(
      hintsOf(web, inside, peersOf([web, db, mail])).map(({ key, value, text }) => `${key} ${value}: ${text}`),
      [
        'after db-1: talks to db-1 (198.100.51.12:5432) from shop.service',
        'after mail-1: talks to mail-1 (198.100.51.13:25)',
        'ports 53/udp: a process that could not be seen listens',
        'ports 80: shop.service (/usr/sbin/nginx, package nginx 1.22.1-9) listens',
        'services shop.service: listens on 80',
        'services postgresql@15-main.service: listens on 5432',
        'data /srv: ext4',
      ],
    )
  })

  it('nothing from its own addresses', () => {
    const self = at('web-1', '198.100.51.12')
    assert.deepEqual(
      hintsOf(self, parsed(sockets), peersOf([self, db])).filter(({ key }) => key === 'after'),
      [],
    )
  })
})

describe('a plan knows what the node told where its provider does not', () => {
  const nothing = { cpus: null, memoryMiB: null, os: { family: 'unknown', id: null, name: null }, unknown: ['cpus', 'memoryMiB', 'os', 'tools'] } as const
  const inside = parsed({ system: ['kernel:6.1', 'os:ID=debian', 'os:PRETTY_NAME="Debian 12"'], hardware: ['cpus:4', 'memory:MemTotal: 8000000 kB'] })
  const planned = (changes: Partial<Node>) =>
    planMoves(request({ inventories: { old: inventory([node({ ...nothing, unknown: [...nothing.unknown], ...changes })]) } })).moves[0]

  it('for the size of its target, and for what is said to be unknown', () => {
    assert.ok(planned({})?.blockers.some(({ code }) => code === 'no-size'))
    const { to, warnings } = planned({ inside }) ?? {}
    assert.equal(to?.size, 'c6i.xlarge')
    assert.deepEqual(
      warnings?.map(({ text }) => text).filter((text) => text.includes('does not say')),
      ['old does not say: tools.'],
    )
  })

  it('but the word of the provider stands', () => {
    assert.equal(planned({ inside, cpus: 2, memoryMiB: 4096 })?.to.size, 'c6i.large')
  })
})

describe('a plan warns of what the last look inside found and the move does not name', () => {
  const mounts = ['mount:8:1 / / ext4 /dev/sda1', 'mount:8:17 / /srv ext4 /dev/sdb1', 'mount:8:33 / /var/mail ext4 /dev/sdc1']
  const inside = parsed({ ...sockets, mounts, databases: ['postgresql:5432~15.18~f'] })
  const web = node({ id: 'vm-42', name: 'web-1', addresses: ['198.100.51.11'], inside })
  const db = node({ id: 'vm-43', name: 'db-1', addresses: ['198.100.51.12'], nics: [] })
  const other = move({ name: 'db-1', from: { provider: 'old', id: 'vm-43', name: null } })
  const warningsOf = (changes: Parameters<typeof move>[0]) => {
    const plan = planMoves(
      request({
        moves: [move({ ports: [{ port: 80, protocol: 'tcp', proxyProtocol: false }], ...changes }), other],
        inventories: { old: inventory([web, db]) },
      }),
    )
    const codes = ['talks-to', 'port-not-named', 'service-not-named', 'data-not-named']
    return plan.moves
      .find(({ name }) => name === 'web-1')
      ?.warnings.filter(({ code }) => codes.includes(code))
      .map(({ text }) => text)
  }

  it('order, ports, services and data, each in a sentence', () => {
    assert.deepEqual(warningsOf({}), [
      '/var/mail of web-1 holds data that is not copied: moves.web-1.data does not name it.',
      'postgres of web-1 holds data that is not copied: moves.web-1.data does not name it.',
      'Clients of port 53/udp of web-1 are neither held nor forwarded: moves.web-1.ports does not name it.',
      'postgresql@15-main.service of web-1 goes on during the switch: moves.web-1.services does not name it.',
      'web-1 talks to db-1 (198.100.51.12:5432), but moves.web-1.after does not name it.',
    ])
  })

  it('and not of what it names', () => {
    const data = [
      { kind: 'files', name: 'files', path: '/srv/shop' },
      { kind: 'files', name: 'mail', path: '/var' },
      { kind: 'postgres', name: 'postgres' },
    ]
    const ports = [80, 53].map((port) => ({ port, protocol: port === 53 ? ('udp' as const) : ('tcp' as const), proxyProtocol: false }))
    // A database's own unit is its mover's.
    const services = ['shop.service']
    assert.deepEqual(warningsOf({ data, ports, services, after: ['db-1'] }), [])
  })
})
