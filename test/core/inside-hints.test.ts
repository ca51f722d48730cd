// What a look inside suggests for the move of a node.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hintsOf } from '../../src/core/inside/hints.ts'
import type { Node } from '../../src/core/node.ts'
import { parsed, sockets } from './inside-lines.ts'

describe('a look inside suggests', () => {
  const os = { family: 'linux', id: null, name: null } as const
  const values = { path: null, cpus: 1, memoryMiB: 1024, hostname: null, firmware: null, snapshots: 0, labels: {}, hazards: [], unknown: [] }
  const node = (name: string, ...addresses: string[]): Node => ({
    ...values,
    id: name,
    name,
    power: 'on',
    template: false,
    disks: [],
    nics: [],
    os,
    addresses,
    tools: 'absent',
  })
  const [web, db, mail] = [node('web-1', '198.100.51.11'), node('db-1', '10.0.0.1', '198.100.51.12'), node('mail-1', '198.100.51.13')]

  it('to go after whom the node talks to, ports and services that others reach, and data', () => {
    const inside = parsed({ ...sockets, mounts: ['mount:8:1 / / ext4 /dev/sda1', 'mount:8:17 / /srv ext4 /dev/sdb1', 'mount:8:2 / /boot ext4 /dev/sda2'] })
    assert.deepEqual(
      hintsOf(web, inside, [web, db, mail]).map(({ key, value, text }) => `${key} ${value}: ${text}`),
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
    const self = node('web-1', '198.100.51.12')
    assert.deepEqual(
      hintsOf(self, parsed(sockets), [self, db]).filter(({ key }) => key === 'after'),
      [],
    )
  })
})
