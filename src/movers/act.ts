// How a mover does something on a node: through the helper, never by ssh alone. Within an attempt it is refused once that
// is over, and the command that takes it back is on disk before it begins, so the node undoes it when nobody else does.
import { LifeboatError } from '../core/errors.ts'
import type { RunResult, Side } from './mover.ts'

export type ActOptions = {
  readonly signal: AbortSignal
  /** Default one minute. */
  readonly deadlineMs?: number
  /** What the command reads: the place for a secret, which must never be among its words. */
  readonly input?: string
  /** Only on a side that is open, or closed, now. */
  readonly role?: 'open' | 'closed'
  /**
   * Takes the effect back; only within an attempt. It may run again, and before the effect or in the middle of it. It has a
   * minute, and is dropped when the attempt is committed; `always`: it is run then, too, like the end of a pause.
   */
  readonly undo?: { readonly id: string; readonly command: readonly string[]; readonly always?: true }
}

/** Runs a program on the node; its exit code is the answer. Fails with the helper's refusals and with ssh-…; attempt-over among them. */
export async function tryAct(side: Side, command: readonly string[], { signal, deadlineMs = 60_000, input, role, undo }: ActOptions): Promise<RunResult> {
  const answer = await side.call(
    {
      op: 'act',
      command,
      deadlineMs,
      ...(input === undefined ? {} : { input }),
      ...(role === undefined ? {} : { role }),
      ...(side.attempt === undefined ? {} : { attempt: side.attempt }),
      ...(undo === undefined ? {} : { effect: undo.id, undo: undo.command, ...(undo.always === undefined ? {} : { always: true }) }),
    },
    signal,
  )
  return { exitCode: Number(answer['exitCode']), stdout: String(answer['stdout']), stderr: String(answer['stderr']) }
}

/**
 * What a program says that only reads. Within an attempt over the line to the helper: that is faster, and no answer comes
 * after the end of it.
 */
export async function look(side: Side, command: readonly string[], options: Pick<ActOptions, 'signal' | 'deadlineMs' | 'input'>): Promise<RunResult> {
  return side.attempt === undefined ? await side.run(command, options) : await tryAct(side, command, options)
}

/** tryAct of what must succeed; answers its output. Fails with node-failed and the command's last words, too. */
export async function act(side: Side, command: readonly string[], options: ActOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await tryAct(side, command, options)
  if (exitCode === 0) return stdout
  const words = stderr.trim().split('\n').at(-1) ?? ''
  throw new LifeboatError('node-failed', `\`${command[0] ?? ''}\` on ${side.address} ended with ${exitCode}: ${words}`, { details: { address: side.address } })
}
