// Names that stand in journals and databases are permanent: this list may grow, nothing in it may change.
import assert from 'node:assert/strict'
import test from 'node:test'
import { givenUp, runbook, runbookVersion, wayBack } from '../../src/core/runbook.ts'

const steps =
  'check-source adopt-inventory provision-node prepare-node claim-names start-recording first-sync lower-ttl keep-in-sync rehearse await-approval check-ready hold-clients freeze-source final-sync verify-data seal-source promote-target check-target commit-switch release-clients forward-stragglers start-singletons start-reverse-sync switch-dns watch-target await-finish stop-forwarding raise-ttl retire-source clean-up'
const back =
  'check-ready-back hold-clients-back freeze-target final-sync-back verify-data-back seal-target promote-source check-source-back commit-switch-back release-clients-back forward-stragglers-back start-singletons-back start-reverse-sync-back switch-dns-back'
const undos =
  'destroy-node clean-node free-names stop-recording restore-ttl end-rehearsal unhold-clients thaw-source unseal-source demote-target stop-reverse-sync unhold-clients-back thaw-target unseal-target demote-source'

const over = 'decide-failover fence-source confirm-fence measure-loss write-tombstone unfence-source'

test('the stored names of runbook-3 are what they were', () => {
  assert.equal(runbookVersion, 'runbook-3')
  assert.equal(runbook.map((row) => row.name).join(' '), steps)
  assert.equal(wayBack.map((row) => row.name).join(' '), back)
  assert.equal([...givenUp.map((row) => row.name), ...givenUp.flatMap((row) => ('undo' in row ? [row.undo] : []))].join(' '), over)
  assert.equal([...runbook, ...wayBack].flatMap((row) => ('undo' in row ? [row.undo] : [])).join(' '), undos)
})

test('no row after a commit has an undo that a failure could walk, and nothing in finish has one', () => {
  const afterCommit = runbook.slice(runbook.findIndex((row) => row.name === 'commit-switch'))
  assert.deepEqual(
    afterCommit.flatMap((row) => ('undo' in row ? [row.name] : [])),
    ['start-reverse-sync'],
  )
})
