// How each fault of fault-cases.ts is caused and mended, in a world that is made for it.
import assert from 'node:assert/strict'
import { causeFault } from '../../lab/faults.ts'
import type { StepName } from '../../src/core/runbook.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { goesByItself, soon, type Fault } from './blow.ts'
import { clockOff } from './clock-off.ts'
import type { FaultName } from './fault-cases.ts'
import type { Scene } from './scenario.ts'
import { diskFull, ownDatabaseRestarted, sharedDatabaseRestarted, usedByNewer, usedByOlder } from './state-faults.ts'

type Kind = Parameters<typeof causeFault>[2]

function ofWorld(subject: 'names' | 'host', kind: Kind): Fault['cause'] {
  return async ({ scene }) => {
    await causeFault(scene, subject, kind)
    return async () => await causeFault(scene, subject, 'none')
  }
}

const needNames: readonly StepName[] = ['claim-names', 'lower-ttl', 'check-ready', 'switch-dns', 'switch-dns-back', 'raise-ttl']
const ofNames = (kind: Kind, lastsMs: number): Fault => ({ codes: ['dns-unreachable'], bites: needNames, lastsMs, cause: ofWorld('names', kind) })

/** It lasts until nobody asks it any more. */
const ofVCenter = (kind: Kind): Fault => ({
  spec: { host: 'vsphere' },
  codes: [],
  sign: /going on with the stored inventory|stays as it is/,
  lastsMs: 150_000,
  cause: ofWorld('host', kind),
})

const targetTerminated: Fault = {
  spec: { targets: 'aws' },
  codes: ['ssh-unreachable', 'node-failed', 'sync-failed', 'timeout', 'gate-closed'],
  lastsMs: 0,
  cause: async ({ scene }) => {
    await terminate(scene)
    return goesByItself
  },
}

/** As somebody would in the provider's console; until its node is gone. */
async function terminate({ cloud, hypervisor }: Scene): Promise<void> {
  // Loaded late: a large one, and most worlds have no cloud.
  const { EC2Client, TerminateInstancesCommand } = await import('@aws-sdk/client-ec2')
  const { endpoint, region, accessKey, secretKey } = cloud ?? assert.fail('no cloud')
  const living = ((await cloud?.instances()) ?? []).filter(({ state }) => state === 'running')
  const api = new EC2Client({ endpoint, region, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } })
  await api.send(new TerminateInstancesCommand({ InstanceIds: living.map(({ id }) => id) })).finally(() => api.destroy())
  const gone = async () => await Promise.resolve(living.some(({ id }) => hypervisor?.nodes().has(id)) ? null : true)
  await waitUntil(gone, { what: 'The end of an instance', deadlineMs: 30_000, everyMs: 100, signal: soon() })
}

export const faults: Readonly<Record<FaultName, Fault>> = {
  'name-server-gone': ofNames('name-server-stop', 4000),
  'name-server-silent': ofNames('name-server-mute', 8000),
  'vcenter-silent': ofVCenter('host-dead'),
  'vcenter-busy': ofVCenter('host-503'),
  'database-restarted': ownDatabaseRestarted,
  'shared-database-restarted': sharedDatabaseRestarted(),
  'target-terminated': targetTerminated,
  'disk-full': diskFull,
  'clock-ahead': clockOff('+3600'),
  'clock-behind': clockOff('-3600'),
  'state-older': usedByOlder,
  'state-newer': usedByNewer,
}
