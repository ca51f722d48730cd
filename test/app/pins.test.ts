// Host keys that several machines share: what was seen first holds everywhere.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { Pool } from 'pg'
import { sharedPins } from '../../src/app/pins.ts'
import { readKeys, writeKeys } from '../../src/io/known-hosts.ts'
import { createTables, openStore } from '../../src/workflows/store.ts'
import { openSharedDatabase } from '../support/shared-database.ts'

test('lines of known_hosts are read as they are written, and what is no key is passed over', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9[\]:./+=-]{1,40}$/)
  const keys = fc.array(fc.record({ host: word, kind: word, key: word }, { noNullPrototype: true }))
  fc.assert(fc.property(keys, (all) => assert.deepEqual(readKeys(writeKeys(all)), all)))
  fc.assert(fc.property(fc.string(), (text) => readKeys(text).every(({ host, kind, key }) => host !== '' && kind !== '' && key !== '')))
  assert.deepEqual(readKeys('# a b c\n\n@revoked a b c\n|1|x|y= ssh-rsa AAA\nold/web-1 ssh-rsa\n a  b c  comment\n'), [{ host: 'a', kind: 'b', key: 'c' }])
})

test('a host that one machine has seen is known to the others, and a different key never replaces the first one', async (t) => {
  const database = await openSharedDatabase(t)
  const pool = new Pool({ connectionString: database.url, max: 2 })
  pool.on('error', () => undefined)
  t.after(async () => await pool.end())
  await createTables(pool)
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-pins-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const said: string[] = []
  const machine = (name: string) => {
    const file = path.join(folder, name)
    const pins = sharedPins(openStore(pool), file, (text) => void said.push(text))
    return { ...pins, wrote: (text: string) => writeFileSync(file, text), has: () => readFileSync(file, 'utf8') }
  }
  const [one, two] = [machine('one'), machine('two')]
  one.wrote('old/web-1 ssh-ed25519 AAA\n')
  await one.give()
  await two.exchange()
  assert.equal(two.has(), 'old/web-1 ssh-ed25519 AAA\n')

  two.wrote('# mine\nold/web-1 ssh-ed25519 AAA\niron/web-9 ssh-ed25519 BBB\n')
  one.wrote('old/web-1 ssh-ed25519 AAA\niron/web-9 ssh-ed25519 EVIL\niron/web-9 ssh-rsa EVIL\n')
  await Promise.all([two.give(), two.give()])
  assert.deepEqual(said, [])
  await one.give()
  assert.equal(one.has(), 'iron/web-9 ssh-ed25519 BBB\nold/web-1 ssh-ed25519 AAA\n', 'no key of another kind, either')
  assert.deepEqual(new Set(said), new Set(['The host key of iron/web-9 is not the one that was first seen.']))
  await two.exchange()
  assert.equal(two.has(), `# mine\n${one.has()}`)
})
