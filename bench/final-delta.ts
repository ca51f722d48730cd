// What is still to be copied when the clients wait: a pass in the freeze, beside the rsync that people would run there.
import { better, within, type Benchmark, type Case } from './benchmark.ts'
import { growTrees, trees, wanNote, type GrownTree, type Grove, type TreeSpec } from './trees.ts'

const plainOptions = ['-aHAX', '--numeric-ids', '--delete']
const plain = `rsync ${plainOptions.join(' ')}`
const smaller = 'ours, 40,000 files'
const here =
  'Two nodes on one machine, trees in fresh ext4 in memory, warm. Half of the changed files are rewritten in place, half are replaced. Ours goes over the ssh that passes share and that stands already, rsync opens one with the same cipher.'

type Trial = {
  readonly name: string
  readonly tree: TreeSpec
  readonly changes: number
  readonly far: boolean
  readonly quick?: boolean
  readonly rounds?: number
  /** How many times faster than plain rsync. */
  readonly times: number
  /** With the comparison of both sides; rsync compares by another run. */
  readonly compared?: boolean
  /** Also beside the same number of changes in a tree of 40,000. */
  readonly flat?: boolean
}

/** Seconds of the pass in the freeze, once all before it is known to be there. */
async function ours({ pair }: Grove, { mover, settle, change }: GrownTree, { changes, compared = false }: Trial, signal: AbortSignal): Promise<number> {
  await settle(signal)
  await change(changes)
  const began = performance.now()
  const { movedFiles } = await mover.sync(pair, 'final', signal, () => undefined)
  if (movedFiles < changes) throw new Error(`The pass carried over ${movedFiles} of ${changes} files.`)
  if (compared && (await mover.verify(pair, signal, () => undefined)).length > 0) throw new Error('The sides differ after the pass.')
  return (performance.now() - began) / 1000
}

/** As it is by the time of a freeze: everything is compared before a move is ready. */
async function comparedBefore({ pair }: Grove, { mover, settle }: GrownTree, signal: AbortSignal): Promise<void> {
  await settle(signal)
  await mover.audit?.(pair, 'whole', signal)
}

async function theirs({ plain: rsync, change }: GrownTree, { changes, compared = false }: Trial): Promise<number> {
  await change(changes)
  const seconds = await rsync(plainOptions)
  return compared ? seconds + (await rsync([...plainOptions, '--dry-run', '--itemize-changes'])) : seconds
}

function caseOf(trial: Trial): Case {
  const { name, tree, far, quick = false, rounds = 3, times, flat = false, compared = false } = trial
  return {
    name,
    unit: 's',
    rounds,
    quick,
    goals: [better(times, plain), ...(flat ? [within(1.5, smaller)] : [])],
    notes: `${compared ? 'With the comparison of both sides afterwards; rsync compares by a second run with --dry-run. ' : ''}${far ? wanNote : here}`,
    prepare: async (signal) => {
      const grove = await growTrees(flat ? [tree, trees.small] : [tree], far)
      const [main, other] = grove.trees
      if (main === undefined) throw new Error('No tree has grown.')
      if (compared) await comparedBefore(grove, main, signal)
      return {
        contestants: {
          ours: async (until) => await ours(grove, main, trial, until),
          [plain]: async () => await theirs(main, trial),
          ...(other === undefined ? {} : { [smaller]: async (until: AbortSignal) => await ours(grove, other, trial, until) }),
        },
        close: grove.close,
      }
    },
  }
}

export const finalDelta200k: Benchmark = {
  name: 'final-delta-200k',
  says: 'How long the last pass takes with 200,000 files of which a few have changed.',
  cases: [
    { name: '500 changed', tree: trees.middle, changes: 500, far: false, times: 5, quick: true },
    { name: '2,000 changed', tree: trees.middle, changes: 2000, far: false, times: 5 },
    { name: '500 changed, compared', tree: trees.middle, changes: 500, far: false, times: 5, compared: true },
    { name: '500 changed, 40 ms', tree: trees.middle, changes: 500, far: true, times: 10 },
    { name: '2,000 changed, 40 ms', tree: trees.middle, changes: 2000, far: true, times: 10 },
  ].map(caseOf),
}

export const finalDelta1m: Benchmark = {
  name: 'final-delta-1m',
  says: 'The same with a million files, and whether it takes longer than with 40,000.',
  cases: [
    { name: '500 changed', tree: trees.large, changes: 500, far: false, times: 20, flat: true },
    { name: '500 changed, 40 ms', tree: trees.large, changes: 500, far: true, times: 50, flat: true },
  ].map(caseOf),
}
