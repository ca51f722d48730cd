// What the policy decides: golden cases (test/core/cases/policy, one each), and what no input can make it do.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decide, mayActNow, refusals, type PolicyInput } from '../../src/core/policy.ts'
import { guardNames, type Guard, type Moment, type Trigger } from '../../src/core/policy-guards.ts'
import { casesOf } from './planning.ts'
import { changed, inputOf, ready } from './policy-input.ts'

describe('the policy', () => {
  for (const { name, given, expect } of casesOf('policy')) {
    it(name, () => {
      const input = inputOf(given['changes'] as Record<string, unknown>)
      const { moment, trigger, failover } = given as { moment?: Exclude<Moment, 'decide'>; trigger?: Trigger; failover?: string }
      if (moment === undefined || trigger === undefined || failover === undefined) {
        const { act, by, guards } = decide(input)
        assert.deepEqual({ act, by, ...reasons(guards) }, expect)
      } else {
        const { may, guards } = mayActNow(input, trigger, moment, failover)
        assert.deepEqual({ may, ...reasons(guards) }, expect)
      }
    })
  }
})

it('each guard alone refuses some case, to decide and at the act', () => {
  const lonely = (at: 'decide' | 'act'): Set<string> =>
    new Set(
      casesOf('policy').flatMap(({ given, expect }) => {
        const refused = (expect['refused'] as string[]).filter((code) => code !== 'approval' || expect['act'] === 'propose' || 'may' in expect)
        return refused.length === 1 && (given['moment'] === undefined) === (at === 'decide') ? refused : []
      }),
    )
  // Nobody approves or drills what has no plan.
  const all = guardNames.filter((code) => code !== 'plan')
  assert.deepEqual(
    all.filter((code) => !lonely('decide').has(code)),
    ['epoch'],
  )
  assert.deepEqual(
    all.filter((code) => !lonely('act').has(code)),
    [],
  )
})

function reasons(guards: readonly Guard[]) {
  const refused = refusals(guards)
  return { refused: refused.map(({ code }) => code), text: refused[0]?.text ?? null }
}

describe('whatever the input', () => {
  /** What refuses, one of each guard and moment; several at once make nothing better. */
  const refusing = casesOf('policy').map(({ given }) => given['changes'] as Record<string, unknown>)
  const anyInput = fc.array(fc.constantFrom(...refusing), { maxLength: 3 }).map((all) => all.reduce<PolicyInput>(changed, ready))

  it('fails nothing over in a mode that does not allow it, switched off, unconfirmed, or without a bound on what is lost', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { act } = decide(input)
        if (act === 'nothing') return
        assert.ok(!input.off && input.settings.mode !== 'observe')
        assert.ok(input.judged?.standing === 'confirmed' && input.judged.down > input.settings.largestGroup)
        assert.ok(input.lag !== null && input.lag.ms <= input.settings.maxLagMs && input.lag.moves)
      }),
    )
  })

  it('fails over by itself only what was drilled as planned, and by a person only what that person approved, once', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { by } = decide(input)
        if (by === 'policy') assert.ok(input.settings.mode === 'auto' && input.drill !== null && input.drill.plan === input.plan)
        if (by === 'approval') assert.ok(input.approval !== null && input.approval.digest === input.plan && input.approval.used === null)
      }),
    )
  })

  it('promotes nothing without a fence that was confirmed under the highest epoch', () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom('policy' as const, 'approval' as const), (input, trigger) => {
        if (!mayActNow(input, trigger, 'promote', 'f-1').may) return
        assert.ok(input.epoch !== null && input.epoch.own === input.epoch.highest && input.fence.confirmedEpoch === input.epoch.own)
      }),
    )
  })

  it('gives every guard a sentence, and an unknown one never lets anything through', () => {
    fc.assert(
      fc.property(
        anyInput,
        fc.constantFrom('policy' as const, 'approval' as const),
        fc.constantFrom('fence' as const, 'promote' as const),
        (input, trigger, moment) => {
          for (const { text, unknown, severity } of mayActNow(input, trigger, moment, 'f-1').guards) {
            assert.match(text, /^[A-Z0-9].*[.)]$/)
            assert.ok(!unknown || severity === 'error')
          }
        },
      ),
    )
  })
})
