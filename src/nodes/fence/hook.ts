// A fence by a command of the owner: a power strip, a switch, an API that Lifeboat does not know. One JSON document on
// standard input, one as its answer (docs/fences.md).
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import type { Fence } from '../../core/fence.ts'
import { exec } from '../../io/exec.ts'

const protocol = 'lifeboat.fence/1'
const answerSchema = z.object({ fenced: z.boolean(), text: z.string().max(500).optional() })

export type FenceHook = {
  readonly command: string
  readonly deadlineMs: number
  /** Where the command runs: the folder of lifeboat.yaml. */
  readonly folder: string
  readonly move: string
  /** Where clients reached it. */
  readonly address: string | null
}

export function hookFence({ command, deadlineMs, folder, move, address }: FenceHook): Fence {
  const ask = async (op: 'fence' | 'is-fenced' | 'unfence', id: string, signal: AbortSignal) => {
    const input = `${JSON.stringify({ schema: protocol, op, move, node: { id, address } })}\n`
    const { exitCode, stdout, stderr } = await exec('sh', ['-c', command], { signal, deadlineMs, input, cwd: folder })
    if (exitCode !== 0) {
      const words = stderr.trim().split('\n').at(-1) ?? ''
      throw new LifeboatError('node-failed', `The fence hook of ${move} ended ${op} with ${exitCode}${words === '' ? '' : `: ${words.slice(0, 300)}`}.`)
    }
    const answer = answerSchema.safeParse(jsonIn(stdout))
    if (!answer.success)
      throw new LifeboatError('answer-malformed', `The fence hook of ${move} answered ${op} with something else than {"fenced": true or false}.`)
    return answer.data
  }
  return {
    fence: async (id, signal) => {
      const { fenced, text } = await ask('fence', id, signal)
      // What it did is one thing, what it reads another.
      if (!fenced || !(await ask('is-fenced', id, signal)).fenced)
        throw new LifeboatError('node-failed', `The fence hook of ${move} does not confirm that ${id} is cut off.`)
      return text === undefined ? 'The hook confirms that the node is cut off.' : `The hook confirms that the node is cut off: ${text.replaceAll(/\s+/g, ' ')}`
    },
    isFenced: async (id, signal) => (await ask('is-fenced', id, signal)).fenced,
    unfence: async (id, signal) => {
      if ((await ask('unfence', id, signal)).fenced) throw new LifeboatError('node-failed', `The fence hook of ${move} says that ${id} is still cut off.`)
    },
    close: async () => {},
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
