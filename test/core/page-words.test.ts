import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Statement } from '../../src/core/evidence.ts'
import { pageWords } from '../../src/core/page-words.ts'

const at = (minute: number): string => `2026-03-14T02:${String(minute).padStart(2, '0')}:00.000Z`
const words: Statement = {
  kind: 'statement',
  at: at(0),
  provider: 'old',
  incident: '',
  status: 'none',
  impact: 'none',
  title: 'All well',
  body: '',
  claimedAt: null,
  rawSha256: '',
}
const one = { ...words, incident: 'i1', impact: 'minor', title: 'Slow logins' }

it('the card tells what a page says now, and which of its posts changed after they were seen', () => {
  const said = [
    words,
    { ...one, at: at(3), status: 'investigating' },
    { ...one, at: at(3), update: 'u1', status: 'investigating', body: 'All are slow.' },
    { ...one, at: at(9), update: 'u1', status: 'investigating', body: 'Some are slow.' },
    { ...one, at: at(12), status: 'resolved' },
    { ...one, at: at(12), update: 'u2', status: 'resolved', body: 'It is over.' },
    { ...one, at: at(20), incident: 'i2', status: 'investigating', title: 'Again' },
    { ...words, at: at(21), status: 'unreachable', title: 'The page does not answer as one' },
  ].map((evidence, seq) => ({ seq, evidence }))
  assert.deepEqual(pageWords(said), {
    since: at(0),
    status: 'unreachable',
    text: 'The page does not answer as one',
    incidents: [
      { incident: 'i2', title: 'Again', status: 'investigating', impact: 'minor', firstSeenAt: at(20), lastChangedAt: at(20), posts: 0, edited: 0 },
      { incident: 'i1', title: 'Slow logins', status: 'resolved', impact: 'minor', firstSeenAt: at(3), lastChangedAt: at(12), posts: 2, edited: 1 },
    ],
  })
  assert.equal(pageWords([]), null)
})
