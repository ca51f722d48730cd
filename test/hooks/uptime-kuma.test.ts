import { uptimeKuma } from '../../src/watch/hooks/uptime-kuma.ts'
import { began, carriedFamily, ended, hookConformance } from '../conformance/hook.ts'

const monitor = { id: 3, name: 'shop', url: 'https://www.shop.example/', hostname: null, type: 'http' }
const body = (status: number, at: string) =>
  JSON.stringify({ heartbeat: { monitorID: 3, status, time: at.replace('T', ' ').replace('Z', ''), msg: 'timeout' }, monitor, msg: '[shop] timeout' })
const tells = { occurredAt: began, severity: 'major', subjects: ['www.shop.example', 'shop'] }
hookConformance('uptime-kuma', () => carriedFamily(uptimeKuma, { firing: body(0, began), resolved: body(1, ended), tells }))
