// How long clients will wait, told before anything was copied: from what changed where somebody looked inside.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { expectedPauseMs } from '../../src/core/forecast.ts'
import type { Move } from '../../src/core/move.ts'
import { planMoves } from '../../src/core/plan-moves.ts'
import { parsed } from './inside-lines.ts'
import { inventory, move, node, request } from './planning.ts'

const files = (path: string) => ({ kind: 'files', name: path, path, exclude: [] })
const inside = parsed({
  mounts: ['mount:8:1 / / ext4 /dev/sda1', 'mount:8:17 / /srv ext4 /dev/sdb1', 'mount:8:33 / /srv/mail ext4 /dev/sdc1', 'mount:8:49 / /opt ext4 /dev/sdd1'],
  changes: ['changed:/ 7 1', 'changed:/srv 60000 1', 'changed:/srv/mail 1200 1'],
})

function planned(data: Move['data'], given: Partial<Parameters<typeof request>[0]> = {}, looked = true) {
  const plan = planMoves(request({ moves: [move({ data })], inventories: { old: inventory([node(looked ? { inside } : {})]) }, ...given }))
  return { pause: plan.moves[0]?.forecastPauseMs, fingerprint: plan.fingerprint }
}

describe('the pause in a plan', () => {
  it('follows from what changed on the volumes of the data, each counted once', () => {
    assert.equal(planned([files('/srv/shop'), files('/srv')]).pause, expectedPauseMs(60_000))
    assert.equal(planned([files('/srv/mail/inbox')]).pause, expectedPauseMs(1200))
    assert.equal(planned([files('/srv/mailbox'), files('/var/lib/shop')]).pause, expectedPauseMs(60_007))
  })

  it('is unknown where nobody looked, where the look did not tell, and where nothing is a file', () => {
    assert.equal(planned([files('/srv')], {}, false).pause, null)
    assert.equal(planned([files('/srv'), files('/opt/app')]).pause, null)
    assert.equal(planned([]).pause, null)
  })

  it('is what an earlier run has measured, if there was one; the fingerprint stays', () => {
    const measured = { [move().name]: { path: 'direct', forecastPauseMs: 1234 } } as const
    assert.equal(planned([files('/srv')], { measured }).pause, 1234)
    assert.equal(planned([files('/srv')], { measured }).fingerprint, planned([files('/srv')]).fingerprint)
  })

  it('never shrinks when more changes', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), (one, more) => expectedPauseMs(one) <= expectedPauseMs(one + more)))
  })
})
