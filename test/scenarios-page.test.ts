// docs/tests/scenarios.md leads to tests that are there: each link's words stand in the file that it names.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'

const page = path.join(import.meta.dirname, '../docs/tests/scenarios.md')
const links = [...readFileSync(page, 'utf8').matchAll(/\[([^\]]+)\]\((\.\.\/\.\.\/(?:test|helper)\/[^)]+)\)/g)]

test('every scenario that the page names is played by a test of these words', () => {
  assert.ok(links.length > 60)
  const missing = links.flatMap(([, words = '', file = '']) => {
    const place = path.resolve(path.dirname(page), file)
    return existsSync(place) && readFileSync(place, 'utf8').includes(words) ? [] : [`${words} in ${file}`]
  })
  assert.deepEqual(missing, [])
})
