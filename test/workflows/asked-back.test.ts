// Somebody who asks to go back while that is being tried has this try: when it ends, nothing begins anew without another word.
import assert from 'node:assert/strict'
import test from 'node:test'
import { openJournal } from '../../src/workflows/journal.ts'
import type { Run } from '../../src/workflows/run.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { noteUndone } from '../../src/workflows/verbs.ts'
import { ownStore } from '../support/own-store.ts'

const { pool, store } = ownStore('asked-back')

for (const { serves, title, left } of [
  { serves: 'target', title: 'while the move goes back: it is heard by the end of this attempt', left: false },
  { serves: 'source', title: 'while the move goes there: it is still to be obeyed', left: true },
] as const)
  test(`a word said ${title}`, async () => {
    const signals = openSignals(pool())
    let armed = 0
    // As much of a run as this needs.
    const run = {
      move: serves,
      run: 1,
      token: 1,
      stop: new AbortController().signal,
      ports: { plan: {}, link: async () => await Promise.resolve({ call: async () => await Promise.resolve({}) }) },
      services: { store: store(), signals, journal: openJournal(pool()) },
      rearm: () => (armed += 1),
    } as unknown as Run
    await signals.send(serves, 1, 'rollback')
    await noteUndone(run, 'promote-source', serves)
    assert.equal(await signals.waits(serves, 1, 'rollback'), left)
    assert.equal(armed, left ? 0 : 1)
    const { rows } = await pool().query<{ text: string }>('select text from lifeboat.journal where move = $1', [serves])
    assert.deepEqual(
      rows.map(({ text }) => text),
      [`The attempt ended at promote-source; the ${serves} serves on.`],
    )
  })
