// From when on a copy is complete, pass after pass.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { completeAt, isBehind, keptPass } from '../../src/core/stored-move.ts'

const timeOf = (second: number): string => new Date(1_767_225_600_000 + second * 1000).toISOString()
const pass = (second: number, missingBytes: number | null) => ({
  seconds: 1,
  movedBytes: 0,
  movedFiles: 0,
  missingBytes,
  beganAt: timeOf(second),
  endedAt: timeOf(second + 1),
  gaveAt: `here ${second}`,
})

test('a copy is complete as of the last pass that left nothing behind, however many came after it', () => {
  const passes = fc.array(fc.constantFrom(null, 0, 1, 4096), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(passes, (missing) => {
      const made = missing.map((bytes, second) => pass(second, bytes))
      const kept = made.reduce<ReturnType<typeof keptPass>>(keptPass, null)
      const whole = made.findLast(({ missingBytes }) => (missingBytes ?? 0) === 0)
      assert.equal(kept === null ? null : completeAt(kept), whole?.beganAt ?? null)
      // The clock of the side that gives speaks of the same pass.
      assert.equal(kept?.gaveAt, whole?.gaveAt)
      assert.equal(kept !== null && isBehind(kept), whole !== undefined && whole !== made.at(-1))
    }),
  )
})
