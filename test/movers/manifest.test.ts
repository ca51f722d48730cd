import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { bucketOf, quoted, unquoted } from '../../src/movers/files/manifest.ts'

test('a name is the same after it was written into a manifest and read from it, and stays in its field', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('\\', '\n', '\t', '\r', 'n', 't', 'r', '/', 'ÿ') }), (name) => {
      assert.equal(unquoted(quoted(name)), name)
      assert.doesNotMatch(quoted(name), /[\n\t\r]/)
    }),
  )
})

test('lines are shared out by their names as the program on the nodes does', () => {
  // helper/internal/manifest/bucket_test.go has these names, too.
  assert.deepEqual([String.raw`a\nb`, 'catalogue/plain-0', '\u00ff\u00fe'].map(bucketOf), [27752, 29888, 47888])
})
