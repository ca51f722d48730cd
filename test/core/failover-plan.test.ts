// The digest of a fail-over: another for whatever would be done otherwise, the same for everything else.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { failoverPlanOf } from '../../src/core/failover-plan.ts'
import { noFacts, type MoveFacts, type MoveSettings } from '../../src/core/stored-move.ts'
import { planOfFailover } from '../../src/app/drill/drills.ts'
import { settingsOf } from '../support/stored.ts'

const target = { address: '203.0.113.11', privateAddress: '10.0.0.4', id: 'i-1' }
const settings: MoveSettings = {
  ...settingsOf('web-1', 'plan-1'),
  data: [{ kind: 'files', name: 'shop', path: '/srv/shop', exclude: ['cache/'] }],
  services: ['shop.service', 'mail.service'],
  singletons: ['cron.timer'],
  ports: [{ port: 80, protocol: 'tcp', proxyProtocol: false }],
  checks: [{ kind: 'tcp', port: 80, timeoutMs: 1000 }],
  names: [{ dns: 'zone', name: 'www.shop.example' }],
  fence: ['provider', 'ssh'],
}
const facts: MoveFacts = { ...noFacts, target }
const planOf = (changes: Partial<MoveSettings> = {}, known: Partial<MoveFacts> = {}) =>
  planOfFailover({ settings: { ...settings, ...changes }, facts: { ...facts, ...known } })

const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })

test('whatever a fail-over would do otherwise makes another digest', () => {
  const others = [
    planOf({ name: 'web-2' }),
    planOf({ from: { provider: 'old', id: 'vm-43' } }),
    planOf({ from: { provider: 'older', id: 'web-1' } }),
    planOf({ source: { ...settings.source, address: '192.0.2.11' } }),
    planOf({ to: { provider: 'newer' } }),
    planOf({}, { target: { ...target, id: 'i-2' } }),
    planOf({}, { target: { ...target, address: '203.0.113.12' } }),
    planOf({ names: [] }),
    planOf({ data: [{ kind: 'files', name: 'shop', path: '/srv/shop' }] }),
    planOf({ data: [{ kind: 'files', name: 'shop', path: '/srv/shops', exclude: ['cache/'] }] }),
    planOf({ services: settings.services.toReversed() }),
    planOf({ singletons: [] }),
    planOf({ ports: [{ port: 81, protocol: 'tcp', proxyProtocol: false }] }),
    planOf({ checks: [{ kind: 'tcp', port: 80, timeoutMs: 2000 }] }),
    planOf({ fence: ['ssh', 'provider'] }),
  ]
  assert.equal(new Set([planOf(), ...others]).size, others.length + 1)
})

test('what passes, checks and people change of a move changes nothing in it', () => {
  const moving: fc.Arbitrary<Partial<MoveFacts>> = fc.record({
    attempt: fc.nat(),
    files: orNull(fc.nat()),
    sequence: fc.nat(),
    admitted: fc.nat(),
    holdsData: fc.boolean(),
    running: fc.array(fc.string()),
    checksPassed: fc.array(fc.string()),
    boots: orNull(fc.record({ source: fc.string(), target: fc.string() })),
    lastPass: orNull(fc.record({ seconds: fc.nat(), movedBytes: fc.nat(), movedFiles: fc.nat(), endedAt: fc.string() })),
    rehearsal: orNull(fc.record({ at: fc.string(), passed: fc.boolean(), text: fc.string() })),
    target: orNull(fc.string()).map((privateAddress) => ({ ...target, privateAddress })),
  })
  const unrelated: fc.Arbitrary<Partial<MoveSettings>> = fc.record({ plan: orNull(fc.string()), downtimeBudgetMs: fc.nat(), reverseSync: fc.boolean() })
  fc.assert(fc.property(unrelated, moving, (asked, known) => assert.equal(planOf(asked, known), planOf())))
})

test('the order in which keys were written is none of its matter, and where there is no target there is no plan', () => {
  const turned = Object.fromEntries(Object.entries(settings).toReversed()) as MoveSettings
  assert.equal(planOf({ ...turned, data: settings.data.map((each) => Object.fromEntries(Object.entries(each).toReversed()) as typeof each) }), planOf())
  assert.equal(planOf({}, { target: null }), null)
  assert.match(failoverPlanOf(settings, facts, (text) => text) ?? '', /"runbook":"runbook-\d+"/)
})
