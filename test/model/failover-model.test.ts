// Every order in which two controllers, three observers, a fence, a standby and a name can act, with the guards of the product:
// nothing breaks. Each guard is then taken away once, and the shortest way to harm is told (docs/tests/failover-model.md).
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { guardNames } from './failover-model.ts'
import { explore, exploreWithout, pageOf, stories } from './failover-stories.ts'
import type { Found } from './search.ts'

const page = path.join(import.meta.dirname, '../../docs/tests/failover-model.md')
/** Seconds of search each; `npm run test:sim` looks at them all. */
const isLong = (grants: number, events: number): boolean => grants === 3 && events > 15
const all = process.env['LIFEBOAT_SIM'] === 'all' || process.env['LIFEBOAT_WRITE'] === '1'

describe('failover between two sides', () => {
  const guards = new Set(guardNames)
  const told = new Map<string, Found>()
  let states = 0

  it('breaks no invariant by itself, whoever sleeps and whatever comes late', (t) => {
    const found = explore({ guards, grants: 2, mode: 'auto' })
    states = found.states
    t.diagnostic(`${states} states`)
    assert.equal(found.breach, null)
    assert.ok(states > 100_000, 'a model that shrinks has lost something')
  })

  it('breaks none in a third epoch either: there, turned round, and back', { skip: process.env['LIFEBOAT_SIM'] !== 'all' }, (t) => {
    const found = explore({ guards, grants: 3, mode: 'auto' })
    t.diagnostic(`${found.states} states`)
    assert.equal(found.breach, null)
  })

  it('breaks none by approval', (t) => {
    const found = explore({ guards, grants: all ? 2 : 1, mode: 'propose' })
    t.diagnostic(`${found.states} states`)
    assert.equal(found.breach, null)
  })

  for (const story of stories) {
    it(
      `ends badly in ${story.events} events by ${story.means} (without ${story.removed}): ${story.harm}`,
      { skip: !all && isLong(story.grants, story.events) },
      (t) => {
        const found = exploreWithout(story)
        told.set(story.removed, found)
        for (const [nth, event] of (found.breach?.story ?? []).entries()) t.diagnostic(`${nth + 1} ${event}`)
        assert.ok(found.breach, 'no story: nobody needs this guard, or the model does not see why')
        assert.ok(found.breach.broken.startsWith(`${story.harm}:`), found.breach.broken)
        assert.equal(found.breach.story.length, story.events)
      },
    )
  }

  it('has a story for every guard, and the page tells them', () => {
    assert.deepEqual(stories.map(({ removed }) => removed).toSorted(), [...guardNames].toSorted())
    const known = stories.flatMap((story) => (told.has(story.removed) ? [{ story, found: told.get(story.removed) as Found }] : []))
    if (process.env['LIFEBOAT_WRITE'] === '1') writeFileSync(page, pageOf(known, states))
    const text = readFileSync(page, 'utf8')
    const whole = pageOf(known, states)
    for (const part of whole.split(/^(?=## )/m)) assert.ok(text.includes(part.trimEnd()), `docs/tests/failover-model.md does not tell:\n${part}`)
  })
})
