// What a provider suggests for a move, and what a plan says when the move does not follow it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Move } from '../../src/core/move.ts'
import type { Hint, Node } from '../../src/core/node.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { parsed, sockets } from './inside-lines.ts'
import { inventory, move, node, request } from './planning.ts'

const start: Hint = { key: 'after', value: 'db', text: 'Its vApp starts db (1) before web (2).' }
const service: Hint = { key: 'ports', value: '8080', text: 'Internet service shop leads 192.0.2.1, port 80 (HTTP) to port 8080 of this node.' }
const others = [
  { key: 'names', value: '192.0.2.1', text: 'Customers come by it.' },
  { key: 'after', value: 'gone', text: 'Its vApp starts gone (0) before web (2).' },
] as const

function told(web: Partial<Move>, db: Partial<Move> = {}, machine: Partial<Node> = {}): string[] {
  const nodes = [node({ id: 'vm-1', name: 'web', hints: [start, service, ...others], ...machine }), node({ id: 'vm-2', name: 'db' })]
  const from = (id: string) => ({ provider: 'old', id, name: null })
  const moves = [move({ name: 'w', from: from('vm-1'), ...web }), move({ name: 'd', from: from('vm-2'), ...db })]
  const [, planned] = planMoves(request({ moves, inventories: { old: inventory(nodes) } })).moves
  return (planned?.warnings ?? []).filter(({ code }) => /^(?:start-order|port-not-named)$/.test(code)).map(({ code, text }) => `${code}: ${text}`)
}

const http: Move['ports'] = [{ port: 8080, protocol: 'tcp', proxyProtocol: false }]

describe('a suggestion of the provider', () => {
  it('that a move does not follow is a warning with the reason', () => {
    assert.deepEqual(told({}), [
      'port-not-named: Internet service shop leads 192.0.2.1, port 80 (HTTP) to port 8080 of this node. But moves.w.ports does not name 8080.',
      'start-order: Its vApp starts db (1) before web (2). But moves.w.after does not name d.',
    ])
  })

  it('that is followed is none, nor one that somebody decided against the other way round', () => {
    assert.deepEqual(told({ after: ['d'], ports: http }), [])
    assert.deepEqual(told({ ports: http }, { after: ['w'] }), [])
  })

  it('of a port is left to the look inside where there was one', () => {
    assert.ok(told({ after: ['d'] }, {}, { inside: parsed(sockets) }).every((text) => !text.includes('8080')))
  })
})
