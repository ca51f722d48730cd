// `freezes:` of lifeboat.yaml: what each member is told of it, and what cannot be one.
import assert from 'node:assert/strict'
import test from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { resolveMove, resolveMoves } from '../../src/config/resolve.ts'
import { kinds, small } from './kinds.ts'

const parse = (text: string) => parseConfig({ text, baseFolder: '/srv' }, kinds).document

test('a member knows with whom it is switched, clients first, and the smallest budget of them; any other move has neither', () => {
  assert.equal('freeze' in resolveMove(parse(small), 'web-1'), false)
  const shared = parse(`${small}    after: [db-1]\n    downtimeBudget: 5s\nfreezes: { shop: [db-1, web-1] }\n`)
  for (const { freeze, downtimeBudgetMs } of resolveMoves(shared)) {
    assert.deepEqual(freeze, { name: 'shop', members: ['web-1', 'db-1'] })
    assert.equal(downtimeBudgetMs, 5000)
  }
})

const between = small.replace('  db-1: {', '  api-1: { after: [db-1], from: { provider: old }, to: { provider: new } }\n  db-1: {')
const mistakes: readonly [title: string, text: string, message: string][] = [
  ['a member that does not exist', `${small}freezes: { shop: [web-1, bd-1] }\n`, 'freezes.shop[1]: is not one of `moves:`; did you mean db-1? (line 12).'],
  ['a freeze of one', `${small}freezes: { shop: [web-1] }\n`, 'freezes.shop: must be at least 2 long (line 12).'],
  ['a member that is listed twice', `${small}freezes: { shop: [web-1, db-1, web-1] }\n`, 'freezes.shop[2]: is listed twice (line 12).'],
  ['a move in two freezes', `${between}freezes: { shop: [web-1, db-1], more: [api-1, web-1] }\n`, 'freezes.more[1]: is in freezes.shop already (line 13).'],
  [
    'members whose windows differ',
    `${small}    window: { from: "22:00", to: "23:00", zone: Europe/Berlin }\nfreezes: { shop: [db-1, web-1] }\n`,
    'freezes.shop: needs one window for all: those of db-1 and web-1 differ (line 13).',
  ],
  [
    'who would have to be switched between two members',
    `${between}    after: [api-1]\nfreezes: { shop: [db-1, web-1] }\n`,
    'freezes.shop: goes round with `after:`: api-1 -> freezes.shop -> api-1 (line 14).',
  ],
]
for (const [title, text, message] of mistakes) test(`refused: ${title}`, () => assert.throws(() => parse(text), { message }))
