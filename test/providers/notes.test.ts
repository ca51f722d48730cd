// What `lifeboat provider` says of a kind and what its page says are the same.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { providers, providerOf } from '../../src/adapters.ts'

for (const kind of Object.keys(providers)) {
  const notes = providerOf(kind)?.notes
  if (notes === undefined) continue
  test(`${kind}: each right stands in docs/providers with what it is for`, () => {
    const page = readFileSync(path.join(import.meta.dirname, `../../docs/providers/${kind}.md`), 'utf8')
    const rows = page.split('\n').filter((line) => line.startsWith('| '))
    for (const { for: purpose, right } of notes.rights) {
      assert.ok(
        rows.some((row) => row.startsWith(`| ${purpose} |`) && row.includes(right)),
        `${purpose}: ${right}`,
      )
    }
    assert.ok(notes.rights.length > 0 && notes.cannotTell.length > 0)
  })
}
