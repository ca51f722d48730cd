// lifeboat standby drift [MOVE]: whether what was declared still stands as it was declared. Exit 4 when it does not.
import { driftSchema } from '../core/drift.ts'
import { exitStatusOf } from '../core/errors.ts'
import { driftView } from '../ui/drift-view.ts'
import { answer, patiently, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

export async function standbyDrift(options: GlobalOptions, move: string | undefined): Promise<number> {
  return await inSession(options, 'all', async ({ client, context, signal }) => {
    const report = driftSchema.parse(await patiently(options, 'the target', client.post('/api/v1/standby/drift', { context, move: move ?? null }, signal)))
    answer(options.json === true ? JSON.stringify(report) : driftView(report))
    return report.drifted ? exitStatusOf('gate-closed') : 0
  })
}
