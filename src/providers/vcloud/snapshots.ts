// The user snapshot of a machine: vCloud Director keeps one, and a new one replaces it.
import { codeOf, LifeboatError } from '../../core/errors.ts'
import { escapeXml } from '../../io/xml.ts'
import { powerOf, snapshotsOf } from './machine.ts'
import { readMark, writeMark } from './marks.ts'
import { placeOf, readMachine } from './power.ts'
import type { Asking, Session } from './session.ts'
import { runTask } from './tasks.ts'

/**
 * Takes a snapshot unless the machine has one of that name. vCloud Director forgets the name, so it is noted in the
 * machine's metadata before. Fails with source-refused when there is another snapshot, which this one would delete, and
 * when the server does not say whether there is one.
 */
export async function takeSnapshot(session: Session, id: string, name: string, signal: AbortSignal): Promise<void> {
  const asking: Asking = { act: `take a snapshot of ${id}`, signal }
  const machine = await readMachine(session, id, asking)
  const snapshots = snapshotsOf(machine)
  if (snapshots === null) {
    throw new LifeboatError('source-refused', `${session.service} does not say whether ${id} has a snapshot, which another one would delete.`)
  }
  const [existing] = snapshots
  if (existing !== undefined) {
    const mark = await readMark(session, id, 'lifeboat.snapshot', asking)
    if (mark === name || mark === `${name} @ ${existing}`) return
    const sentence = `${session.service} keeps one snapshot of a machine, and ${id} has one (${existing}); taking ${name} would delete it. Remove it there if nobody needs it.`
    throw new LifeboatError('source-refused', sentence)
  }
  // The mark first, then with the time of the snapshot: one whose mark is missing would be taken for somebody else's
  // after a crash, and one that somebody took later for ours.
  await writeMark(session, id, 'lifeboat.snapshot', name, asking)
  await take(session, id, name, powerOf(machine) === 'on', asking)
  const [taken] = snapshotsOf(await readMachine(session, id, asking)) ?? []
  if (taken === undefined) {
    throw new LifeboatError('source-refused', `${session.service} says that the snapshot ${name} of ${id} is taken, but does not show it.`)
  }
  await writeMark(session, id, 'lifeboat.snapshot', `${name} @ ${taken}`, asking)
}

/** A guest that would not hold still (no Tools, mostly) gets a snapshot without that: it is still one of a moment. */
async function take(session: Session, id: string, name: string, quiesce: boolean, asking: Asking): Promise<void> {
  const xml =
    `<CreateSnapshotParams xmlns="http://www.vmware.com/vcloud/v1.5" name="${escapeXml(name)}" memory="false" quiesce="${quiesce}">` +
    '<Description>Taken by Lifeboat</Description></CreateSnapshotParams>'
  const body = { type: 'application/vnd.vmware.vcloud.createSnapshotParams+xml', xml }
  try {
    await runTask(session, `${placeOf(id)}/action/createSnapshot`, { ...asking, body })
  } catch (error) {
    if (!quiesce || codeOf(error) !== 'source-refused') throw error
    await take(session, id, name, false, asking)
  }
}
