import { healthchecks } from '../../src/watch/hooks/healthchecks.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const body = (status: string, now: string) => JSON.stringify({ code: '5a1e', name: 'backup', status, now, tags: 'web-1 db-1' })
const tells = { occurredAt: began, severity: 'major', subjects: ['backup', 'web-1', 'db-1'] }
hookConformance('healthchecks', () => carriedFamily(healthchecks, { firing: body('down', began), resolved: body('up', ended), tells }))
