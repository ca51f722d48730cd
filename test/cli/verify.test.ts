// `report --verify`: whoever changes the journal in its database is found out, by its chain or by a report.
import assert from 'node:assert/strict'
import { copyFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { Client } from 'pg'
import { placesOf } from '../../src/controller/places.ts'
import { reportSchema } from '../../src/report/schema.ts'
import { verificationSchema, type Verification } from '../../src/core/verification.ts'
import { openDesk } from '../support/cli.ts'

/** Nobody answers ssh there, so each run fails at its first step, with a handful of records. */
const page = `project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 }, { name: web-2, address: 127.0.0.3 } ] }
  iron: { kind: static, nodes: [ { name: web-1, address: 127.0.0.2 }, { name: web-2, address: 127.0.0.4 } ] }
defaults:
  ssh: { user: root, port: 1 }
moves:
  web-1: { from: { provider: old, name: web-1 }, ssh: { address: 127.0.0.1 }, to: { provider: iron, ssh: { address: 127.0.0.2 } }, data: [ { kind: files, path: /srv/shop } ] }
  web-2: { from: { provider: old, name: web-2 }, ssh: { address: 127.0.0.3 }, to: { provider: iron, ssh: { address: 127.0.0.4 } }, data: [ { kind: files, path: /srv/shop } ] }
`

test('a journal that somebody changes', async (t) => {
  const desk = await openDesk(t)
  await desk.write(page)
  const reports = path.join(desk.folder, '.lifeboat', 'reports')
  const verify = async (...args: string[]) => await desk.lifeboat(['report', '--verify', ...args])
  const change = async (sql: string, values: readonly unknown[] = []) => {
    const { sockets } = placesOf(path.join(desk.folder, '.lifeboat'))
    const client = new Client({ connectionString: `postgresql://lifeboat@localhost/postgres?host=${encodeURIComponent(sockets)}` })
    await client.connect()
    await client.query(sql, [...values])
    await client.end()
  }
  const recordOf = (found: Verification, name: string) => found.moves.find(({ move }) => move === name)

  await t.test('is whole before that, in a line for each move, with and without a report', async () => {
    assert.notEqual((await desk.lifeboat(['migrate', 'web-1', '--yes', '--json'])).exitCode, 0)
    assert.notEqual((await desk.lifeboat(['migrate', 'web-2', '--yes', '--json'])).exitCode, 0)
    const none = await verify()
    assert.equal(none.exitCode, 0, none.stderr)
    assert.match(none.stdout, /^web-1: \d+ records, whole, head [0-9a-f]{16}…, no report to compare with\nweb-2: .*\n$/)
    const written = await desk.lifeboat(['report', '--json'])
    const { journal } = reportSchema.parse(JSON.parse(written.stdout))
    const found = verificationSchema.parse(JSON.parse((await verify('--json')).stdout))
    assert.deepEqual([found.whole, found.moves.map(({ move, head }) => ({ move, ...head }))], [true, journal.heads])
    assert.deepEqual(
      journal.heads.map(({ hash }) => hash),
      ['web-1', 'web-2'].map((name) => journal.records.findLast(({ move }) => move === name)?.hash),
    )
    assert.match((await verify('web-2')).stdout, /^web-2: \d+ records, whole, head [0-9a-f]{16}…, as all-.*\.json has it\n$/)
  })

  const [name = ''] = (await readdir(reports)).filter((file) => file.endsWith('.json'))
  const kept = path.join(desk.folder, 'kept.json')
  await copyFile(path.join(reports, name), kept)

  await t.test('by another text: exit 3 names the record, and the other moves are told as whole', async () => {
    await change(`update lifeboat.journal set text = 'All is well.' where move = 'web-1' and state = 'failed' and step <> 'move'`)
    const { exitCode, stdout, stderr } = await verify()
    assert.equal(exitCode, 3)
    assert.match(stdout, /^web-1: \d+ records, changed: record \d+ \(prepare-node, \d{4}-\S+Z\) is not as it was written.*\nweb-2: \d+ records, whole/)
    assert.match(stderr, /^✖ The journal of web-1 is not what was written: record \d+ .* \(journal-changed\)\n {2}Try: .+\n$/)
    assert.equal((await verify('web-2')).exitCode, 0)
    const lines = (await verify('--json')).stdout.trimEnd().split('\n')
    assert.equal(lines.length, 1)
    const failure = JSON.parse(lines[0] ?? '') as { code: string; details: unknown }
    const found = verificationSchema.parse(failure.details)
    assert.deepEqual(
      [failure.code, found.whole, recordOf(found, 'web-1')?.broken?.step, recordOf(found, 'web-2')?.whole],
      ['journal-changed', false, 'prepare-node', true],
    )
  })

  await t.test('by a record less at its end: the report still has it', async () => {
    await change(`delete from lifeboat.journal where seq = (select max(seq) from lifeboat.journal where move = 'web-2')`)
    const { exitCode, stdout } = await verify('web-2')
    assert.equal(exitCode, 3)
    assert.match(stdout, /^web-2: \d+ records, changed: record \d+ is gone; a report has it\n$/)
  })

  await t.test('as a whole, with its reports: a report that was kept elsewhere has it', async () => {
    await change(`delete from lifeboat.journal where move = 'web-2'; delete from lifeboat.move where name = 'web-2'`)
    await writeFile(path.join(reports, name), '{}')
    assert.doesNotMatch((await verify()).stdout, /web-2/)
    const { exitCode, stdout } = await verify('web-2', '--against', 'kept.json')
    assert.equal(exitCode, 3)
    assert.match(stdout, /^web-2: 0 records, changed: record \d+ is gone/)
  })

  await t.test('and mistakes on the command line are told', async () => {
    const cases: readonly (readonly [string[], RegExp])[] = [
      [['--verify', '--lost', '1'], /--verify writes no report/],
      [['--against', 'kept.json'], /--against is for --verify/],
      [['--verify', '--against', 'lifeboat.yaml'], /lifeboat\.yaml is no report in JSON/],
      [['--verify', '--against', 'nowhere.json'], /nowhere\.json cannot be read/],
      [['--verify', 'web-9'], /No such move was ever started/],
    ]
    for (const [args, sentence] of cases) {
      const { exitCode, stderr } = await desk.lifeboat(['report', ...args])
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, sentence)
    }
  })
})
