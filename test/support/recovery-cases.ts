// Outages that a policy of mode `auto` recovers from by itself (test/scenarios/outage-auto.test.ts, matrix.ts recovery).

export type RecoveryCase = {
  readonly name: string
  readonly title: string
  /** What befalls the source, and of whom it is asked (lab/faults.ts). */
  readonly fault: { readonly subject: 'link' | 'web-1'; readonly kind: 'slow-data' | 'link-down' | 'power-cut' }
  /** From the fault until clients are well everywhere. */
  readonly goalSeconds: number
}

export const recoveryCases: readonly RecoveryCase[] = [
  { name: 'gray', title: 'gray: what is sent takes a second each way', fault: { subject: 'link', kind: 'slow-data' }, goalSeconds: 120 },
  { name: 'cut-off', title: 'hard: cut off, and running', fault: { subject: 'web-1', kind: 'link-down' }, goalSeconds: 90 },
  { name: 'no-power', title: 'hard: without power', fault: { subject: 'web-1', kind: 'power-cut' }, goalSeconds: 90 },
]
