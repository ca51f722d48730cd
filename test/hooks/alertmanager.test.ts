import { alertmanager } from '../../src/watch/hooks/alertmanager.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const labels = { alertname: 'NodeDown', severity: 'critical', instance: 'web-1:9100', job: 'node' }
const body = (status: string, endsAt: string) =>
  JSON.stringify({
    version: '4',
    groupKey: '{}:{}',
    receiver: 'lifeboat',
    status,
    alerts: [{ status, labels, annotations: { summary: 'gone' }, startsAt: began, endsAt, fingerprint: 'a1b2' }],
  })
const tells = { occurredAt: began, severity: 'critical', subjects: ['web-1', 'node'] }
hookConformance('alertmanager', () => carriedFamily(alertmanager, { firing: body('firing', '0001-01-01T00:00:00Z'), resolved: body('resolved', ended), tells }))
