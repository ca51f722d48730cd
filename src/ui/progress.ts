// The journal as a live list (listr2, on stderr): it displays, it never drives. Without a terminal, a line per record.
import { Listr, ListrLogger, ProcessOutput, type ListrTaskWrapper } from 'listr2'
import type { JournalRecord } from '../core/records.ts'
import { progressLines, summaryLine } from './progress-view.ts'
import { recordLine } from './record-line.ts'

export type Progress = {
  readonly show: (record: JournalRecord) => void
  /** Ends the display; what happened goes on. */
  readonly close: () => Promise<void>
}

type Options = { readonly quiet?: boolean; readonly json?: boolean }
type Run = { readonly move: string; readonly run: number }
// The list shows tasks of any renderer; only their title is written here.
type Shown = Pick<ListrTaskWrapper<unknown, never, never>, 'title'>

const redrawMs = 200

export function openProgress(options: Options, runs: readonly Run[]): Progress {
  if (options.quiet === true || options.json === true) return { show: () => undefined, close: async () => undefined }
  return process.stderr.isTTY === true ? liveList(runs) : plainLines()
}

function plainLines(): Progress {
  return {
    show: (record) => {
      if (record.state !== 'progress') process.stderr.write(`${recordLine(record)}\n`)
    },
    close: async () => undefined,
  }
}

/** One task for each move; its title sums it up and, for a single move, lists the steps. */
function liveList(runs: readonly Run[]): Progress {
  const seen = new Map<string, JournalRecord[]>(runs.map((run) => [run.move, []]))
  const shown = new Map<string, Shown>()
  const closing = Promise.withResolvers<void>()
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) })
  const list = new Listr(
    runs.map(({ move }) => ({
      title: move,
      task: async (_context: unknown, task: Shown) => {
        shown.set(move, task)
        draw()
        await closing.promise
      },
    })),
    {
      concurrent: true,
      registerSignalListeners: false,
      renderer: 'default',
      rendererOptions: { logger, collapseSubtasks: false, formatOutput: 'truncate' },
      fallbackRenderer: 'simple',
    },
  )
  const draw = (): void => {
    const now = Date.now()
    for (const [move, task] of shown) {
      const records = seen.get(move) ?? []
      const head = `${move}  ${summaryLine(records, now)}`
      // Output would pile up line by line; a title is replaced as a whole.
      task.title = runs.length === 1 ? [head, ...progressLines(records, now)].join('\n') : head
    }
  }
  const timer = setInterval(draw, redrawMs)
  const running = list.run()
  return {
    show: (record) => {
      seen.get(record.move)?.push(record)
      draw()
    },
    close: async () => {
      clearInterval(timer)
      draw()
      closing.resolve()
      await running
    },
  }
}
