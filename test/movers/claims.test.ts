// What a database has to itself: nobody else may copy its folder or stop its unit in the same move.
import assert from 'node:assert/strict'
import test from 'node:test'
import { claimsOf, moverOf } from '../../src/adapters.ts'

const claimed = (entry: { readonly kind: string } & Readonly<Record<string, unknown>>) => claimsOf(moverOf(entry.kind)?.schema.parse(entry) ?? entry)

test('each database claims the folder that its data lies in, the usual one or the one that is named', () => {
  for (const [entry, usual] of [
    [{ kind: 'postgres', cluster: '15/main' }, '/var/lib/postgresql/15/main'],
    [{ kind: 'mysql' }, '/var/lib/mysql'],
    [{ kind: 'redis' }, '/var/lib/redis'],
  ] as const) {
    assert.deepEqual(claimed(entry)?.folders, [usual])
    assert.deepEqual(claimed({ ...entry, folder: '/data/own' })?.folders, ['/data/own'])
  }
})

test('files have nothing to themselves', () => {
  assert.equal(claimed({ kind: 'files', path: '/srv' }), null)
})
