// The guards of a failover, taken away one by one: how each ends, in the fewest events that it takes.
import { search, type Found } from './search.ts'
import { guardNames, harmOf, keyOf, startOf, type Guard, type Rules } from './failover-model.ts'
import { happenings } from './failover-rules.ts'

export type Story = {
  readonly removed: Guard
  readonly means: string
  readonly grants: number
  readonly mode: Rules['mode']
  readonly harm: string
  readonly events: number
}

const story = (removed: Guard, means: string, harm: string, events: number, grants = 2, mode: Rules['mode'] = 'auto'): Story => ({
  removed,
  means,
  harm,
  events,
  grants,
  mode,
})

export const stories: readonly Story[] = [
  story('quorum', 'believing any one observer', 'I5', 5),
  story('hold', 'believing them at once', 'I5', 6),
  story('look-again-before-the-fence', 'cutting off by what was seen when it was decided', 'I5', 8),
  story('switch-at-the-act', 'asking for the switch only when it is decided', 'switch', 8),
  story('approval-once', 'letting one approval begin two failovers', 'I10', 8, 2, 'propose'),
  story('fence-confirmed', 'promoting once the fence was asked for', 'I1', 9),
  story('fence-is-durable', 'a fence that a reboot forgets', 'I1', 11),
  story('lag-at-the-act', 'asking for the lag only when it is decided', 'I3', 11),
  story('approval-of-this-plan', 'carrying out another plan than was approved', 'I10', 12, 2, 'propose'),
  story('opening-asks-the-standby', 'opening the old side again without asking whether the standby serves', 'I1', 14, 3),
  story('fence-compares-epochs', 'opening again what somebody newer has cut off', 'I1', 15, 3),
  story('standby-compares-epochs', 'promoting for somebody who slept', 'I1', 15, 3),
  story('block-period', 'failing over and back within the block period', 'I6', 21, 3),
  story('name-compares-epochs', 'moving the name for somebody who slept', 'I2', 23, 3),
]

export function explore(rules: Rules): Found {
  return search({ start: startOf(), next: (world) => happenings(world, rules), key: keyOf, broken: (_before, after) => harmOf(after), atMost: 6_000_000 })
}

export function exploreWithout({ removed, grants, mode }: Pick<Story, 'removed' | 'grants' | 'mode'>): Found {
  return explore({ guards: new Set(guardNames.filter((guard) => guard !== removed)), grants, mode })
}

/** docs/tests/failover-model.md */
export function pageOf(told: readonly { readonly story: Story; readonly found: Found }[], states: number): string {
  const parts = told.map(({ story: { removed, means }, found: { breach } }) => {
    const events = breach?.story.map((event, nth) => `${nth + 1}. ${event}`) ?? []
    return [`## ${removed}`, '', `Without it: ${means}.`, '', ...events, '', `**${breach?.broken ?? 'nothing breaks'}**`].join('\n')
  })
  return `# What each guard of a failover is for

\`test/model/failover-model.ts\` is failover as a small world: two sides, three observers (two of one failure domain), a fence that takes effect late, a standby, a name, two controllers of which one may sleep for as long as it likes, requests that arrive late, a person who turns the direction round. What a controller may do is asked of the product's own guards (src/core/policy-guards.ts, src/core/judge.ts). Every order in which all of it can act is looked at: ${states.toLocaleString('en')} states with two epochs granted to controllers, and none of them breaks an invariant.

Below, one guard at a time is taken away, and the search finds the shortest way to harm. \`LIFEBOAT_WRITE=1\` before \`node_modules/.bin/node --test test/model/failover-model.test.ts\` writes this page anew.

It leaves unproven: that a fence, a standby and a name server really compare epochs in one step (a provider's power API does not), that what was read back stays true, clocks, and data. At most one failure domain is blind at a time.

${parts.join('\n\n')}
`
}
