import { statuspage } from '../../src/watch/hooks/statuspage.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const page = { id: 'jb7j', status_indicator: 'major', status_description: 'x' }
const body = (status: string, at: string) =>
  JSON.stringify({
    page,
    incident: { id: 'z3lc', name: 'Storage', status, impact: 'major', created_at: began, updated_at: at, components: [{ name: 'eu-1' }] },
  })
const tells = { occurredAt: began, severity: 'major', subjects: ['eu-1'] }
hookConformance('statuspage', () => carriedFamily(statuspage, { inUrl: true, firing: body('investigating', began), resolved: body('resolved', ended), tells }))
