// Checks run side by side, and nothing that one of them does ends or delays the others.
import assert from 'node:assert/strict'
import test from 'node:test'
import { findingsOf } from '../../src/app/doctor/doctor.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { ok } from '../../src/core/doctor/finding.ts'
import type { ProviderCard } from '../../src/core/provider-card.ts'
import { doctorView } from '../../src/ui/doctor-view.ts'
import { providerView } from '../../src/ui/provider-view.ts'

const signal = new AbortController().signal

test('a check that never ends, deaf to its signal, is a finding at its deadline', async () => {
  const began = performance.now()
  const [found] = await findingsOf({ about: 'providers.old', deadlineMs: 50, look: async () => await new Promise(() => undefined) }, signal)
  assert.deepEqual([found?.about, found?.code, found?.severity], ['providers.old', 'timeout', 'error'])
  assert.ok(performance.now() - began < 5000)
})

test('what a check throws is a finding: a failure by its code and hint, anything else as our own defect', async () => {
  const thrown = async (error: Error) => await findingsOf({ about: 'x', deadlineMs: 1000, look: async () => await Promise.reject(error) }, signal)
  const [refused] = await thrown(new LifeboatError('dns-refused', 'It does not.'))
  assert.deepEqual(
    [refused?.code, refused?.text, refused?.hint],
    ['dns-refused', 'It does not.', 'Check the key, token or credentials, their rights on this zone, and the clock of this machine.'],
  )
  const [defect] = await thrown(new TypeError('x is not a function'))
  assert.deepEqual([defect?.code, defect?.text], ['defect', 'Unexpected: x is not a function'])
})

test('words of a provider cannot move the cursor of whoever reads them', async () => {
  const [found] = await findingsOf({ about: 'x', deadlineMs: 1000, look: async () => [ok('login', 'It is \u001B[2J\u202Eevil.')] }, signal)
  assert.ok(found)
  const shown = doctorView({ schema: 'lifeboat.doctor/1', at: '', fit: true, findings: [found] })
  assert.equal(shown, 'Fit for a move: 0 errors, 0 warnings, 1 in order.\n\n✔ x  It is �[2J�evil.')
})

test('a provider that does not answer is shown with why, and without what nobody knows', () => {
  const card: ProviderCard = {
    schema: 'lifeboat.provider/1',
    provider: 'old',
    kind: 'vsphere',
    url: 'https://vcenter.example/sdk',
    answers: false,
    failure: { code: 'source-unreachable', severity: 'error', text: 'It is \u001B[2Jgone.' },
    product: null,
    apiVersion: null,
    certificate: null,
    clockAheadSeconds: null,
    inventory: { takenAt: '2026-11-24T10:00:00.000Z', complete: false, nodes: 1 },
    readings: { since: '1', count: 3, failed: 1, lastMs: 200, medianMs: 200, slowestMs: 1500, lastFailure: { at: '2', code: 'timeout' } },
    moves: { from: ['web-1'], to: [] },
    contact: { statusPage: null, ticket: null, phone: '+1 555 0100', forum: null },
    rights: [{ for: '`finish`: power off', right: '*vApp: Power Operations*' }],
    cannotTell: [],
  }
  assert.equal(
    providerView(card),
    [
      'old (vsphere)',
      '  Address      https://vcenter.example/sdk',
      '  Answers      no. It is �[2Jgone.',
      '  Inventory    1 node, taken 2026-11-24T10:00:00.000Z, incomplete',
      '  Readings     3, of which 1 failed (last: timeout, 2); half within 200 ms, the slowest 1.5 s',
      '  Moves        from it: web-1',
      '  Contact      no status page, no ticket, phone +1 555 0100, no forum',
      '  Rights       vApp: Power Operations: finish: power off',
    ].join('\n'),
  )
  const page = {
    since: '2026-03-14T02:00:00.000Z',
    status: 'minor',
    text: 'Some trouble',
    incidents: [
      {
        incident: 'i1',
        title: 'Slow \u001B[2Jlogins',
        status: 'resolved',
        impact: 'minor',
        firstSeenAt: '2026-03-14T02:03:00.000Z',
        lastChangedAt: '',
        posts: 2,
        edited: 1,
      },
    ],
  }
  assert.deepEqual(
    providerView({ ...card, page })
      .split('\n')
      .slice(7, 9),
    [
      '  Says         minor, Some trouble; looked at since 2026-03-14T02:00:00.000Z',
      '               Slow \ufffd[2Jlogins: resolved (minor), first seen 2026-03-14T02:03:00.000Z, 2 posts, 1 of them changed afterwards',
    ],
  )
  const mute = { ...card, answers: null, failure: null, inventory: null, readings: { ...card.readings, count: 0 }, url: null, rights: [] }
  assert.deepEqual(providerView(mute).split('\n').length, 3)
})
