// LIFEBOAT_WRITE=1 writes the page anew.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { runbook, wayBack } from '../../src/core/runbook.ts'
import { runbookPage } from '../support/runbook-page.ts'

test('docs/runbook.md says what the table says, of every row', () => {
  const file = path.join(import.meta.dirname, '../../docs/runbook.md')
  const page = runbookPage()
  if (process.env['LIFEBOAT_WRITE'] === '1') writeFileSync(file, page)
  assert.equal(readFileSync(file, 'utf8'), page)
  for (const { name } of [...runbook, ...wayBack]) assert.ok(page.includes(`| \`${name}\` |`), name)
})
