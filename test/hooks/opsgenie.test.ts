import { opsgenie } from '../../src/watch/hooks/opsgenie.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const body = (action: string, at: string) =>
  `{"action":"${action}","alert":{"alertId":"ec03","alias":"web-1-down","message":"down","entity":"web-1","createdAt":${Date.parse(began)},"updatedAt":${Date.parse(at)}000110,"priority":"P2"},"alertFlowContext":{"requestId":"${action}"}}`
const tells = { occurredAt: began, severity: 'major', subjects: ['web-1'] }
hookConformance('opsgenie', () => carriedFamily(opsgenie, { firing: body('Create', began), resolved: body('Close', ended), tells }))
