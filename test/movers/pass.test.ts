// What a pass over the whole tree says about the recorder. Nodes are answers here: on real ones nobody could tell whether
// what a dead receiver left comes in time.
import assert from 'node:assert/strict'
import test from 'node:test'
import { nothingKnown, type Known } from '../../src/movers/files/known.ts'
import { passes } from '../../src/movers/files/pass.ts'
import { plainWay } from '../../src/movers/files/way.ts'
import type { Side } from '../../src/movers/mover.ts'

const root = { path: '/srv/shop', exclude: [] }
const admitted = { [root.path]: 1 }
const mark = { epoch: 'e', sequence: 5 }

/** A side whose recorder has named nothing, and whose rsync had to do this. */
const side = (name: Side['name'], stdout: string): Side => ({
  name,
  address: '192.0.2.1',
  port: 22,
  user: 'root',
  sshConfig: () => '',
  folder: '/var/lib/lifeboat/web-1',
  run: async () => await Promise.resolve({ exitCode: 0, stdout, stderr: '' }),
  call: async () => await Promise.resolve({ ok: true, complete: true, why: '', ...mark, lists: [], admitted, socket: '' }),
})

async function repeat(disturbed: boolean, stdout = '=<f.st...... left-behind\n'): Promise<{ readonly known: Known; readonly said: readonly string[] }> {
  const known: Known = { ...nothingKnown, point: { source: mark, target: mark }, disturbed }
  const said: string[] = []
  const pass = passes(root, known, async () => await Promise.resolve(plainWay))
  await pass({ from: side('source', stdout), to: side('target', stdout) }, 'repeat', AbortSignal.timeout(10_000), (text) => said.push(text))
  return { known, said }
}

test('a difference that the recorder did not name makes it distrusted', async () => {
  const { known, said } = await repeat(false)
  assert.equal(known.recorder, 'distrusted')
  assert.match(said.join(), /did not name left-behind/)
})

test('a deletion that it did not name does, too', async () => {
  const { known, said } = await repeat(false, '=*deleting   left-over\n')
  assert.equal(known.recorder, 'distrusted')
  assert.match(said.join(), /did not name left-over/)
})

test('it is not held against the recorder after a copy was broken off', async () => {
  const { known, said } = await repeat(true)
  assert.deepEqual([known.recorder, known.disturbed, said], ['untried', true, []])
})
