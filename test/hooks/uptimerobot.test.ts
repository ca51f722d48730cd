import { uptimerobot } from '../../src/watch/hooks/uptimerobot.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const common = { monitorID: '7', monitorURL: 'https://www.shop.example/health', monitorFriendlyName: 'shop', alertDetails: 'Host Is Unreachable' }
const body = (alertType: string, at: string) => JSON.stringify({ ...common, alertType, alertDateTime: String(Date.parse(at) / 1000) })
const tells = { occurredAt: began, severity: 'major', subjects: ['www.shop.example', 'shop'] }
hookConformance('uptimerobot', () => carriedFamily(uptimerobot, { inUrl: true, firing: body('1', began), resolved: body('2', ended), tells }))
