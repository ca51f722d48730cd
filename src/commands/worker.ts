// lifeboat worker: runs moves of the shared database until it is told to end.
import { LifeboatError } from '../core/errors.ts'
import { tellFailure } from './failure.ts'
import { say, type GlobalOptions } from './output.ts'
import { interrupted } from './interrupt.ts'
import { readSettings } from './session.ts'

export async function worker(options: GlobalOptions): Promise<number> {
  const stop = new AbortController()
  // However often it is told: while clients are held it ends in order, or they would wait for somebody else.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(interrupted))
  const { draft, state, values, database } = await readSettings(options, stop.signal)
  if (database === null)
    throw new LifeboatError('config-invalid', 'A worker needs `database:` in lifeboat.yaml; without it the controller that commands start does the work.')
  // What it loads is most of its memory.
  const { startWorker } = await import('../controller/worker.ts')
  const { label, ended } = await startWorker({
    state,
    database,
    baseFolder: draft.baseFolder,
    secrets: values,
    pulumiRoot: options.pulumiRoot ?? null,
    stop: stop.signal,
    // Others are at work for its moves now: nothing may be done any more, not even an orderly end.
    onLost: (why) => process.exit(tellFailure(options, why)),
    onLog: (text) => say(options, `${new Date().toISOString()} ${text}`),
  })
  say(options, `Running moves of ${label}; Ctrl-C ends it, and others go on.`)
  await ended
  // Lines to nodes of moves that were left would keep it.
  process.exit(0)
}
