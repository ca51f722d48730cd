// The word that a side is off, against a real PostgreSQL: when it is taken, when it is refused, and where it goes.
import assert from 'node:assert/strict'
import test, { beforeEach } from 'node:test'
import { tellMove, type Parts } from '../../src/app/moves.ts'
import type { MoveFacts, SideName } from '../../src/core/stored-move.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { ownStore } from '../support/own-store.ts'
import { plannedOf, settingsOf } from '../support/stored.ts'

const { pool, store } = ownStore('silent-side')
let parts: Parts
let begun: string[] = []

beforeEach(() => {
  begun = []
  const start = async ({ move, run, want }: { move: string; run: number; want: string }) => void (await Promise.resolve(begun.push(`${move}:${run} ${want}`)))
  parts = { store: store(), journal: openJournal(pool()), signals: openSignals(pool()), durable: { start, shutdown: async () => undefined } }
})

const alone = { side: 'source', since: '2026-11-27T03:12:00.000Z', commitAsked: false } as const

async function begin(name: string, facts: Partial<MoveFacts>): Promise<void> {
  await parts.store.beginRun(settingsOf(name, null), plannedOf(name), { text: '', baseFolder: '' })
  await parts.store.learn(name, facts, 0)
}

const rollBack = async (name: string, isOff: SideName | null) => await tellMove(parts, name, 'rollback', { digest: null, who: 'ops@desk', isOff })
const said = async (name: string, run = 1) => await parts.signals.take(name, run, 'is-off')

test('a rollback alone does not open a side that is sealed alone: it is refused in the words of the state, with the command', async () => {
  await begin('alone', { sealedAlone: alone })
  await assert.rejects(rollBack('alone', null), {
    code: 'other-side-silent',
    message: /^alone: The source is sealed and the target has not answered since 2026-11-27T03:12:00\.000Z, so nobody serves;/,
    details: { ...alone, way: 'lifeboat rollback alone --target-is-off' },
  })
  await assert.rejects(rollBack('alone', 'source'), { code: 'other-side-silent', message: /It is the source that is sealed\.$/ })
  assert.equal(await said('alone'), null)
  assert.equal(await parts.signals.waits('alone', 1, 'rollback'), false)
})

test('with the word it goes to the run that waits, with who said it and when, and the move stays home after it', async () => {
  await begin('word', { sealedAlone: alone })
  assert.deepEqual(await rollBack('word', 'target'), { move: 'word', run: 1, attached: true })
  const word = await said('word')
  assert.deepEqual({ ...word, at: '' }, { by: 'rollback', who: 'ops@desk', at: '', side: 'target' })
  assert.ok(Math.abs(Date.now() - Date.parse(String(word?.['at']))) < 60_000)
  assert.equal(await parts.signals.waits('word', 1, 'rollback'), true)
})

test('on the way back it is the target that opens, and serves on: nobody wants to go back any more', async () => {
  await begin('mirrored', { serving: 'target', sealedAlone: { ...alone, side: 'target' } })
  await assert.rejects(rollBack('mirrored', 'target'), { code: 'other-side-silent' })
  await rollBack('mirrored', 'source')
  assert.equal((await said('mirrored'))?.['side'], 'source')
  assert.equal(await parts.signals.waits('mirrored', 1, 'rollback'), false)
})

test('a move that rests begins a run, which finds the word', async () => {
  await begin('rests', { sealedAlone: alone })
  await parts.store.setState('rests', 'failed', 0)
  await rollBack('rests', 'target')
  assert.deepEqual(begun, ['rests:2 rollback'])
  assert.equal((await said('rests', 2))?.['side'], 'target')
})

test('where nothing is sealed alone nobody is asked to vouch, and the word is not kept for later', async () => {
  await begin('fine', {})
  await assert.rejects(rollBack('fine', 'target'), { code: 'not-now', message: /No side of fine is sealed or fenced alone/ })
  assert.equal(await said('fine'), null)
})

test('a source that stayed fenced is let go on the word that its target is off, and on no other', async () => {
  await begin('fenced', { fence: { by: 'provider', text: 'It is off.', at: '2026-11-27T03:12:00.000Z' } })
  await parts.store.setState('fenced', 'failed', 0)
  await assert.rejects(rollBack('fenced', 'source'), { code: 'not-now' })
  await rollBack('fenced', 'target')
  assert.deepEqual(begun, ['fenced:2 rollback'])
  assert.equal((await said('fenced', 2))?.['side'], 'target')
})

test('a target that serves and is silent: rollback tells what is impossible, and what would be lost', async () => {
  await begin('gone', { serving: 'target', targetSilentSince: '2026-11-27T04:00:00.000Z' })
  await assert.rejects(rollBack('gone', null), {
    code: 'rollback-impossible',
    message: /^gone cannot go back: The target serves, and has not answered since 2026-11-27T04/,
  })
})
