// Uptime Kuma 2: it signs nothing, but sets headers that it is given. Its times are UTC without saying so; a test of the
// notification has neither monitor nor heartbeat.
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { namesOf, shaped, timeOf, unreadable } from './reading.ts'

const schema = z.strictObject({ family: z.literal('uptime-kuma'), ...carried })

const body = z.object({
  heartbeat: z.object({ status: z.number().int(), time: z.string(), msg: z.string().nullish() }).nullable(),
  monitor: z.object({ id: z.number().int(), name: z.string(), url: z.string().nullish(), hostname: z.string().nullish() }).nullable(),
  msg: z.string().nullish(),
})

const states: Readonly<Record<number, Signal['state']>> = { 0: 'firing', 1: 'resolved', 2: 'info', 3: 'info' }

export const uptimeKuma: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, false),
    read: (delivery) => {
      const { heartbeat, monitor, msg } = shaped(delivery.body, body)
      if (heartbeat === null || monitor === null) return { deliveryKey: null, told: [] }
      const state = states[heartbeat.status]
      if (state === undefined) throw unreadable('heartbeat.status is none that is known')
      const occurredAt = timeOf(`${heartbeat.time.replace(' ', 'T')}Z`, 'heartbeat.time')
      const key = String(monitor.id)
      const text = `${monitor.name}: ${heartbeat.msg ?? msg ?? ''}`
      const subjects = namesOf(monitor.url, monitor.hostname, monitor.name)
      return { deliveryKey: null, told: [{ alarm: key, instanceKey: key, state, severity: 'major', occurredAt, subjects, text }] }
    },
  }),
}
