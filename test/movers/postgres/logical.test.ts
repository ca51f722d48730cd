// What of logical replication is decided without a server.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../../src/core/errors.ts'
import { postgres } from '../../../src/movers/postgres/index.ts'
import { whole } from '../../../src/movers/postgres/logical/compare.ts'
import { localeKey } from '../../../src/movers/postgres/logical/prepare.ts'
import { mark } from '../../../src/movers/postgres/logical/scripts.ts'

const entry = (keys: Readonly<Record<string, unknown>>) => postgres.schema.safeParse({ kind: 'postgres', cluster: '15/main', ...keys })

test('a later version is named by its cluster on the target; an earlier one is refused', () => {
  for (const target of ['15/main', '15/other', '17/main', '18/main']) assert.equal(entry({ target }).success, true, target)
  for (const target of ['14/main', '9/main', '17', 'main', '17/']) assert.equal(entry({ target }).success, false, target)
  assert.match(JSON.stringify(entry({ target: '14/main' }).error?.issues), /must not be earlier than cluster/)
})

test('both clusters belong to the mover, with their folders and units; the folder that is named is that of the source', () => {
  const config = entry({ target: '17/new', folder: '/data/pg' }).data
  assert.ok(config !== undefined)
  assert.deepEqual(postgres.claims?.(config), {
    port: 5432,
    units: ['postgresql@15-main.service', 'postgresql@17-new.service', 'postgresql.service'],
    folders: ['/data/pg', '/var/lib/postgresql/17/new'],
  })
})

test('an answer is taken when it is whole, and never when a helper has cut it', () => {
  const line = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/\s/g, '_'))
  fc.assert(
    fc.property(fc.array(line.filter((text) => text !== '')), fc.nat(), (lines, cut) => {
      const text = `${[mark.begin, ...lines, mark.end].join('\n')}\n`
      assert.deepEqual(whole(text), lines)
      const kept = text.slice(1 + (cut % (text.length - 1)))
      // What is left may begin with a line that looks like the mark only if it is one.
      fc.pre(!kept.startsWith(`${mark.begin}\n`))
      assert.throws(
        () => whole(kept),
        (error) => codeOf(error) === 'gate-closed',
      )
    }),
  )
})

test('a locale is the same however its charset is written, and another one is not', () => {
  for (const name of ['C.UTF-8', 'C.utf8', 'C.UTF8']) assert.equal(localeKey(name), localeKey('C.utf8'), name)
  for (const name of ['C', 'POSIX', 'de_DE.utf8', 'C.ISO-8859-1']) assert.notEqual(localeKey(name), localeKey('C.utf8'), name)
})
