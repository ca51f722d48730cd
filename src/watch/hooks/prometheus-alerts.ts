// Alerts as Alertmanager sends them, and Grafana after it: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
import { z } from 'zod'
import { namesOf, severityOf, timeOf } from './reading.ts'
import type { Told } from '../../core/signals/told.ts'

const words = z.record(z.string(), z.string())

export const alertSchema = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: words,
  annotations: words.default({}),
  startsAt: z.string(),
  endsAt: z.string().default(''),
  fingerprint: z.string().min(1),
})

/** One of them. It begins anew with each `startsAt`; `within` tells those of several senders apart. */
export function toldBy({ status, labels, annotations, startsAt, endsAt, fingerprint }: z.output<typeof alertSchema>, within = ''): Told {
  const began = timeOf(startsAt, 'startsAt')
  const alarm = `${within}${fingerprint}`
  // An end that is not known comes as the year 1.
  const ended = status === 'resolved' && !endsAt.startsWith('0001-') && endsAt !== '' ? timeOf(endsAt, 'endsAt') : began
  const called = labels['alertname'] ?? 'alert'
  const words = annotations['summary'] ?? annotations['description'] ?? annotations['message']
  return {
    alarm,
    instanceKey: `${alarm} ${began}`,
    state: status,
    severity: severityOf(labels['severity'] ?? labels['priority']),
    occurredAt: ended,
    subjects: namesOf(labels['move'], labels['instance'], labels['host'], labels['hostname'], labels['node'], labels['service'], labels['job']),
    text: words === undefined ? called : `${called}: ${words}`,
  }
}
