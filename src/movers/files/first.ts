// The first copy: in shards of about equal weight, each over a connection of its own, where one connection cannot fill
// the way. What was copied before an interruption stays, and the next try goes on from there.
import { z } from 'zod'
import { sleep } from '../../io/wait.ts'
import type { Pair } from '../mover.ts'
import { trimmed, type Root } from './rsync.ts'

/** How a copy of several goes. `beside`: so many run at the same time; `fresh`: nothing lay there before this first copy began. */
export type Manner = { readonly beside: number; readonly fresh: boolean }

/** Runs one rsync: of the names in a file on the giving side, or of the whole tree; answers what it said. */
export type RunList = (list: string | null, signal: AbortSignal, manner?: Manner) => Promise<string>

const begunSchema = z.object({ empty: z.boolean(), fresh: z.boolean() })
const divided = z.object({ lists: z.array(z.object({ file: z.string(), names: z.number() })) })

/** `pass`: the name in the words of its copies. Answers what all of them said, one after the other. When one fails, or at an abort, all end before this returns. */
export async function firstCopy(root: Root, connections: number, pass: string, pair: Pair, run: RunList, signal: AbortSignal): Promise<string> {
  const there = async (op: 'begin-first' | 'end-first') => await pair.to.call({ op, root: trimmed(root.path) }, signal)
  const [begun, lists] = await Promise.all([there('begin-first'), connections === 1 ? [null] : shardsOf(root, connections, pair, signal)])
  const { empty, fresh } = begunSchema.parse(begun)
  const copy = { pass, pair, run, signal }
  let said = await allOrNone(lists, fresh, copy)
  // Only a pass over the whole tree takes away what lay there before, and keeps it.
  if (!empty && (fresh || connections > 1)) said += await allOrNone([null], false, copy)
  await there('end-first')
  return said
}

type Copy = { readonly pass: string; readonly pair: Pair; readonly run: RunList; readonly signal: AbortSignal }

async function shardsOf(root: Root, connections: number, pair: Pair, signal: AbortSignal): Promise<readonly string[]> {
  const { lists } = divided.parse(await pair.from.call({ op: 'shards', root: trimmed(root.path), count: connections }, signal))
  return lists.flatMap(({ file, names }) => (names > 0 ? [file] : []))
}

async function allOrNone(lists: readonly (string | null)[], fresh: boolean, { pass, pair, run, signal }: Copy): Promise<string> {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const one = async (list: string | null): Promise<string> => {
    try {
      return await run(list, either, { beside: lists.length, fresh })
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  // What runs on a node does not end with the line by which it was started, and the line not before it.
  const end = () => void endCopies(pass, pair).catch(() => undefined)
  either.addEventListener('abort', end, { once: true })
  const ended = await Promise.allSettled(lists.map(one))
  either.removeEventListener('abort', end)
  if (!failed.signal.aborted) return ended.map((each) => (each.status === 'fulfilled' ? each.value : '')).join('')
  // One may have been about to start.
  await endCopies(pass, pair).catch(() => undefined)
  signal.throwIfAborted()
  throw failed.signal.reason
}

/** Where nobody is let in any more, nobody sends: returns when no process of the giving side is of this pass. */
async function endCopies(pass: string, pair: Pair): Promise<void> {
  const until = AbortSignal.timeout(15_000)
  for (;;) {
    await pair.to.call({ op: 'end-copies' }, until)
    // What to look for comes by stdin, or this would find itself.
    const { exitCode } = await pair.from.run(['sh', '-c', 'grep -lsaF -f - /proc/[0-9]*/cmdline'], { signal: until, input: pass })
    if (exitCode !== 0) return
    await sleep(100, until)
  }
}
