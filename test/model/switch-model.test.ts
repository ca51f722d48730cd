// Every order in which two controllers, two nodes, their dead men, reboots and writing clients can act is looked at.
// Each guard is then taken away once, and the search must find the shortest story of how that ends badly: a guard
// without a story would be one that nobody needs, or a model that has lost its bite. `npm test` prints the stories.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { search, type Found } from './search.ts'
import { happenings, nodesAlone } from './switch-rules.ts'
import { allGuards, brokenPromise, guardNames, harm, keyOf, sides, startOf, without, type Guard, type Rules, type World } from './switch-model.ts'

/** `npm run test:sim` looks one attempt further. */
const attemptsSearched = process.env['LIFEBOAT_SIM'] === 'all' ? 4 : 3

const bothWrite = 'both sides accept client writes'
const lostWrite = 'an acknowledged write is lost'
const mixture = 'serves a mixture'

/**
 * Events of the shortest story; as many as runbook.md §8 says, with two differences. `seal-checks-attempt` ends badly in
 * 7 already (8 there, for the lost write, which is the second row): a late seal closes the door of a side whose services
 * run. `unseal-checks-attempt` without tokens takes 12 (13 there): giving up and the first request of the undo are one
 * event here. With tokens it takes 13, by a late request of the same controller, which no token tells from a fresh one.
 */
const stories: readonly { readonly removed: readonly Guard[]; readonly breach: string; readonly events: number; readonly means: string }[] = [
  { removed: ['seal-before-promotion'], breach: bothWrite, events: 6, means: 'promoting without a seal' },
  { removed: ['sealed-stays-shut'], breach: bothWrite, events: 7, means: 'a sealed side that thaws itself' },
  { removed: ['seal-checks-attempt'], breach: bothWrite, events: 7, means: 'sealing an attempt that is over' },
  { removed: ['seal-checks-attempt'], breach: lostWrite, events: 8, means: 'sealing an attempt that is over' },
  { removed: ['seal-checks-silence'], breach: lostWrite, events: 7, means: 'sealing although somebody still wrote' },
  { removed: ['asking-voids'], breach: bothWrite, events: 7, means: 'asking for the verdict without making it void' },
  { removed: ['seal-is-durable'], breach: bothWrite, events: 7, means: 'a seal that a reboot forgets' },
  { removed: ['commit-checks-verdict'], breach: bothWrite, events: 8, means: 'committing without looking at the verdict' },
  { removed: ['promote-checks-attempt'], breach: bothWrite, events: 8, means: 'promoting any attempt' },
  { removed: ['void-respects-commit'], breach: lostWrite, events: 9, means: 'making void what is committed' },
  { removed: ['one-attempt-at-a-time'], breach: bothWrite, events: 10, means: 'going back before the other side has released' },
  { removed: ['closed-side-alone-receives'], breach: mixture, events: 10, means: 'copying over a side that serves' },
  { removed: ['unseal-checks-attempt'], breach: bothWrite, events: 13, means: 'unsealing any attempt' },
  { removed: ['target-is-recorded'], breach: mixture, events: 13, means: "not recording the target's own changes" },
  { removed: ['unseal-checks-attempt', 'tokens'], breach: bothWrite, events: 12, means: 'unsealing any attempt, without tokens' },
]

describe('the switch between two nodes', () => {
  it('never lets both sides write, loses nothing and keeps every promise: away, back and away again', (t) => {
    const found = explore({ guards: allGuards, attempts: attemptsSearched }, anythingWrong)
    t.diagnostic(`${found.states} states, ${attemptsSearched} attempts`)
    assert.equal(found.breach, null)
    assert.ok(found.states > 100_000, 'a model that shrinks has lost something')
  })

  it('leaves no state that the nodes alone, talking to each other, do not end with one side open', (t) => {
    const rules = { guards: allGuards, attempts: 2 }
    const found = explore(rules, (_before, after) => (sidesOpen(settle(after, rules)) === 1 ? null : 'nobody serves'))
    t.diagnostic(`${found.states} states, two attempts`)
    assert.equal(found.breach, null)
  })

  it('can switch, go back and switch again', (t) => {
    const found = explore({ guards: allGuards, attempts: 3 }, (_before, { S, T }) =>
      T.verdicts[1] === 'committed' && S.verdicts[2] === 'committed' && T.verdicts[3] === 'committed' && T.services === 'running' ? 'away again' : null,
    )
    tell(t, found)
    assert.equal(found.breach?.story.length, 20)
  })

  for (const { removed, breach, events, means } of stories) {
    it(`goes wrong in ${events} events by ${means} (without ${removed.join(' and ')}): ${breach}`, (t) => {
      const found = explore({ guards: without(...removed), attempts: 2 }, lookFor(breach))
      tell(t, found)
      assert.ok(found.breach, 'no story: either nobody needs this guard or the model does not see why')
      assert.equal(found.breach.story.length, events)
    })
  }

  it('holds without tokens as long as every request names its attempt: tokens are the second lock on one door', (t) => {
    const found = explore({ guards: without('tokens'), attempts: 2 }, anythingWrong)
    t.diagnostic(`${found.states} states, two attempts`)
    assert.equal(found.breach, null)
  })

  it('has a story for every other guard', () => {
    const alone = stories.filter(({ removed }) => removed.length === 1).flatMap(({ removed }) => removed)
    assert.deepEqual(new Set([...alone, 'tokens']), new Set(guardNames))
  })
})

function explore(rules: Rules, broken: (before: World, after: World) => string | null): Found {
  return search({ start: startOf(rules), next: (world) => happenings(world, rules), key: keyOf, broken, atMost: 4_000_000 })
}

function anythingWrong(before: World, after: World): string | null {
  return harm(after)[0] ?? brokenPromise(before, after)
}

/** Only this harm counts, so that a story ends where the table says and not at a harm that comes with it. */
function lookFor(breach: string): (before: World, after: World) => string | null {
  return (_before, after) => harm(after).find((what) => what.includes(breach)) ?? null
}

function settle(world: World, rules: Rules): World {
  const [first] = nodesAlone(world, rules)
  return first === undefined ? world : settle(first.state, rules)
}

function sidesOpen(world: World): number {
  return sides.filter((side) => world[side].services === 'running').length
}

function tell(t: TestContext, { breach }: Found): void {
  breach?.story.forEach((event, index) => t.diagnostic(`${String(index + 1).padStart(2)} ${event}`))
  if (breach) t.diagnostic(`   ${breach.broken}`)
}
