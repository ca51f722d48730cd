// What a node is seen to use, from the lines of the script to the size that `fit` chooses.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { needByUse, useOf } from '../../src/core/observed.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { parsed } from './inside-lines.ts'
import { inventory, move, node, request } from './planning.ts'

const memory = ['memory:MemTotal: 33554432 kB', 'memory:MemAvailable: 31457280 kB', 'memory:SwapTotal: 1048576 kB', 'memory:SwapFree: 524288 kB']
// 1000 of 8000 ticks were work: 100 user, 0 nice, 700 system, 7000 idle and waiting, 100 interrupts, 100 stolen.
const hardware = ['cpus:8', ...memory, 'ticks:100 0 700 6900 100 50 50 100 77 0', 'load:3.00 2.00 0.60 1/300 4242']
const look = (uptime: string) => parsed({ system: ['kernel:6.1', `uptime:${uptime} 1`], hardware })

function plan(size: string, uptime: string) {
  const big = node({ cpus: 8, memoryMiB: 32_768, inside: look(uptime) })
  return planMoves(request({ moves: [move({ to: { ...move().to, size } })], inventories: { old: inventory([big]) } }))
}

describe('what a node uses', () => {
  it('is read as the mean of busy processors since the start, the load of 15 minutes, and memory with swap', () => {
    const { cpu } = look('2000000.5')
    assert.deepEqual([cpu?.count, cpu?.busy, cpu?.load15], [8, 1, 0.6])
    assert.deepEqual(useOf(look('2000000.5')), { busyCpus: 1, memoryMiB: 2560, days: 23, seenOn: '2026-03-01' })
  })

  it('is unknown where the node does not tell it, or in a way that is none', () => {
    for (const odd of ['ticks:', 'ticks:1 2 3', 'ticks:a b c d e', 'ticks:0 0 0 0 0 0 0 0', 'load:nan nan nan 1/2 3'])
      assert.deepEqual([parsed({ hardware: ['cpus:2', odd] }).cpu?.busy, parsed({ hardware: ['cpus:2', odd] }).cpu?.load15], [null, null], odd)
    assert.equal(useOf(undefined), null)
    assert.equal(useOf(parsed({ hardware: ['cpus:2'] })), null)
  })

  it('decides the size for fit, and neither for auto nor soon after a start', () => {
    const sizeOf = (size: string, uptime: string) => plan(size, uptime).moves[0]?.to
    assert.equal(sizeOf('fit', '2000000.5')?.size, 't3.medium')
    assert.match(sizeOf('fit', '2000000.5')?.reasons.join('\n') ?? '', /by use: 1 vCPU busy and 2560 MiB used \(23 days up, seen on 2026-03-01\)/)
    assert.equal(sizeOf('fit', '1000000.5')?.size, 'r6i.2xlarge')
    assert.equal(sizeOf('auto', '2000000.5')?.size, 'r6i.2xlarge')
  })

  it('leaves the fingerprint of a plan as it is while the size stays', () => {
    const [one, later] = [plan('fit', '2000000.5'), plan('fit', '2100000.5')]
    assert.notDeepEqual(one.moves[0]?.to.reasons, later.moves[0]?.to.reasons)
    assert.equal(one.fingerprint, later.fingerprint)
  })

  it('never asks for more than was bought, nor for nothing', () => {
    const any = fc.option(fc.double({ min: 0, max: 500, noNaN: true }))
    fc.assert(
      fc.property(any, fc.option(fc.nat()), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 256, max: 300_000 }), (busyCpus, used, cpus, memoryMiB) => {
        const need = needByUse({ cpus, memoryMiB }, { busyCpus, memoryMiB: used, days: 14, seenOn: '2026-03-01' })
        assert.ok(need.cpus !== null && need.cpus >= 1 && need.cpus <= cpus)
        assert.ok(need.memoryMiB !== null && need.memoryMiB <= memoryMiB)
      }),
    )
  })
})
