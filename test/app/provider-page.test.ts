// The card of a provider whose status page was looked at: real evidence in a state folder, a real store.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { kinds } from '../../src/adapters.ts'
import { providerCard } from '../../src/app/provider-card.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { Statement } from '../../src/core/evidence.ts'
import { providerCardSchema } from '../../src/core/provider-card.ts'
import { ownStore } from '../support/own-store.ts'
import { inLog } from '../watch/evidence.ts'

const { store } = ownStore('provider-page')

test('the card of a provider has what its own status page said, also while somebody keeps evidence', async (t) => {
  const state = mkdtempSync(path.join(tmpdir(), 'lifeboat-card-'))
  t.after(() => rmSync(state, { recursive: true, force: true }))
  const text = 'project: shop\nproviders:\n  new: { kind: aws, region: eu-central-1, contact: { statusPage: "https://status.example" } }\n'
  const { document } = parseConfig({ text, baseFolder: state }, kinds)
  const card = async () => providerCardSchema.parse(await providerCard(document, 'new', store(), state, AbortSignal.timeout(60_000)))
  assert.equal((await card()).page, null)
  const words: Statement = {
    kind: 'statement',
    at: '2026-03-14T02:00:00.000Z',
    provider: 'new',
    incident: '',
    status: 'minor',
    impact: 'minor',
    title: 'Some trouble',
    body: '',
    claimedAt: null,
    rawSha256: '',
  }
  await inLog(path.join(state, 'evidence'), async (log) => {
    await log.append([words, { ...words, provider: 'old', status: 'critical' }])
    const { contact, page } = await card()
    assert.equal(contact.statusPage, 'https://status.example')
    assert.deepEqual(page, { since: words.at, status: 'minor', text: 'Some trouble', incidents: [] })
  })
})
