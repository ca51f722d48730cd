import { datadog } from '../../src/watch/hooks/datadog.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const common = { alertCycleKey: '77', alertId: '12', aggregKey: 'k', priority: 'P1', hostname: 'web-1', title: 'web-1 is down' }
const body = (id: string, transition: string, at: string) => JSON.stringify({ ...common, id, transition, lastUpdated: String(Date.parse(at)) })
const tells = { occurredAt: began, severity: 'critical', subjects: ['web-1'] }
hookConformance('datadog', () => carriedFamily(datadog, { firing: body('1', 'Triggered', began), resolved: body('2', 'Recovered', ended), tells }))
