// `init` in an empty folder.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { openDesk } from '../support/cli.ts'

test('init writes a file that is understood as it stands, with the schema that editors ask for, and never over one that is there', async (t) => {
  const desk = await openDesk(t)
  rmSync(path.join(desk.folder, 'lifeboat.yaml'), { force: true })
  const begun = await desk.lifeboat(['init'])
  assert.equal(begun.exitCode, 0, begun.stdout + begun.stderr)
  const text = readFileSync(path.join(desk.folder, 'lifeboat.yaml'), 'utf8')
  const [, schema] = /^# yaml-language-server: \$schema=\.\/(\S+)$/m.exec(text) ?? []
  assert.ok(JSON.parse(readFileSync(path.join(desk.folder, schema ?? ''), 'utf8')))
  const planned = await desk.lifeboat(['inventory', '--json'])
  assert.equal(planned.exitCode, 0, planned.stdout + planned.stderr)

  const again = await desk.lifeboat(['init', '--json'])
  assert.equal(again.exitCode, 2)
  assert.match(again.stdout, /"code":"usage".*is there already/)
  assert.equal(readFileSync(path.join(desk.folder, 'lifeboat.yaml'), 'utf8'), text)
})
