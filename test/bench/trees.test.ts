// The trees of the benchmarks: what is compared between two runs must be the same tree with the same changes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'

const script = path.resolve(import.meta.dirname, '../../bench/trees.py')
const count = 500

function listing(folder: string): string[] {
  const look = String.raw`cd "$0" && find . -type d -printf '%p\n' -o -type l -printf '%p -> %l\n' -o -printf '%p %s %T@ %n\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`
  return execFileSync('sh', ['-c', look, folder], { encoding: 'utf8' }).trimEnd().split('\n')
}

test('the same words give the same tree and the same changes, as many files as were asked for', (t) => {
  const base = mkdtempSync(path.join(tmpdir(), 'lifeboat-trees-'))
  t.after(() => rmSync(base, { recursive: true }))
  const [one, other] = [path.join(base, 'one'), path.join(base, 'other')]
  for (const folder of [one, other]) {
    mkdirSync(folder)
    execFileSync('python3', [script, 'make', folder, String(count), '1000'])
  }
  const before = listing(one)
  assert.deepEqual(listing(other), before)
  const kinds = (pattern: RegExp) => before.filter((line) => pattern.test(line)).length
  assert.deepEqual([kinds(/\.dat \d+ \S+ 1$/), kinds(/ \d+ \S+ 2$/), kinds(/\.link -> /)], [count - 5, 10, 5])

  for (const folder of [one, other]) execFileSync('python3', [script, 'change', folder, String(count), '20', '0'])
  const sums = (lines: readonly string[]) => lines.filter((line) => /^[0-9a-f]{64} /.test(line))
  const after = sums(listing(one))
  assert.deepEqual(sums(listing(other)), after)
  assert.equal(after.filter((line) => !before.includes(line)).length, 20)

  execFileSync('python3', [script, 'change', one, String(count), '20', '1'])
  assert.notDeepEqual(sums(listing(one)), after, 'another round changes others')
})
