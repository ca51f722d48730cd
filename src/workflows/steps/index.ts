// Every row of the runbook and every undo has its action; one that is missing does not compile.
import type { ActionName } from '../../core/runbook.ts'
import type { Action } from '../run.ts'
import { awaitApproval } from './await-approval.ts'
import { awaitFinish } from './await-finish.ts'
import { checkFenced, commitFenced, failover, promoteFenced } from './failover.ts'
import { finish } from './finish.ts'
import { afterLastCommit } from './last-commit.ts'
import { names } from './names.ts'
import { prepare } from './prepare.ts'
import { rehearse } from './rehearse.ts'
import { prepareNode } from './prepare-node.ts'
import { reprotection } from './reprotect.ts'
import { settle } from './settle.ts'
import { onceFreezeEnds } from './shared-freeze.ts'
import { switchOver } from './switch.ts'
import { sync } from './sync.ts'
import { undo } from './undo.ts'
import { watch } from './watch.ts'

export const actions = {
  ...prepare,
  'prepare-node': prepareNode,
  ...names,
  'switch-dns': afterLastCommit(names['switch-dns']),
  'switch-dns-back': onceFreezeEnds(names['switch-dns-back']),
  ...sync,
  rehearse,
  'await-approval': awaitApproval,
  ...switchOver,
  ...failover,
  'promote-target': overFence(switchOver['promote-target'], promoteFenced),
  'check-target': overFence(switchOver['check-target'], checkFenced),
  'commit-switch': overFence(switchOver['commit-switch'], commitFenced),
  ...settle,
  ...watch,
  'await-finish': awaitFinish,
  ...finish,
  ...reprotection,
  ...undo,
} satisfies Record<ActionName, Action>

/** Where the source is fenced it is asked for nothing. */
function overFence(act: Action, fenced: Action): Action {
  return async (step) => await (step.facts.fence === null ? act : fenced)(step)
}
