// Atlassian Statuspage: what a provider says of itself, sent to subscribers. It can set no header, so the token stands in the
// URL. `created_at` and `updated_at` count: `display_at` can be back-dated.
import { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { Told } from '../../core/signals/told.ts'
import type { HookFamily } from './hook.ts'
import { carried, checkCarried } from './keys.ts'
import { namesOf, shaped, severityOf, timeOf, unreadable } from './reading.ts'

const schema = z.strictObject({ family: z.literal('statuspage'), ...carried })

const incident = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  impact: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  components: z.array(z.object({ name: z.string() })).default([]),
})
const component = z.object({ id: z.string().min(1), name: z.string() })
const change = z.object({ id: z.string().min(1), new_status: z.string(), created_at: z.string() })
const body = z.object({
  page: z.object({ id: z.string().min(1) }),
  incident: incident.optional(),
  component: component.optional(),
  component_update: change.optional(),
})

const ofIncident: Readonly<Record<string, Signal['state']>> = {
  investigating: 'firing',
  identified: 'firing',
  monitoring: 'firing',
  resolved: 'resolved',
  postmortem: 'info',
  scheduled: 'info',
  in_progress: 'info',
  verifying: 'info',
  completed: 'info',
}
const ofComponent: Readonly<Record<string, readonly [Signal['state'], Signal['severity']]>> = {
  operational: ['resolved', 'info'],
  degraded_performance: ['firing', 'minor'],
  partial_outage: ['firing', 'major'],
  major_outage: ['firing', 'critical'],
  under_maintenance: ['info', 'info'],
}

export const statuspage: HookFamily<typeof schema> = {
  schema,
  open: (name, config) => ({
    verify: checkCarried(name, config, true),
    read: (delivery) => {
      const { page, incident: about, component: part, component_update: update } = shaped(delivery.body, body)
      if (about !== undefined) return { deliveryKey: null, told: [toldOfIncident(page.id, about)] }
      if (part !== undefined && update !== undefined) return { deliveryKey: update.id, told: [toldOfComponent(page.id, part, update)] }
      throw unreadable('it tells of neither an incident nor a component')
    },
  }),
}

function toldOfIncident(page: string, { id, name, status, impact, created_at: began, updated_at: updated, components }: z.output<typeof incident>): Told {
  const state = ofIncident[status]
  if (state === undefined) throw unreadable('its status is none that is known')
  const key = `${page}/${id}`
  const occurredAt = status === 'investigating' ? timeOf(began, 'created_at') : timeOf(updated, 'updated_at')
  const subjects = namesOf(...components.map((each) => each.name))
  return { alarm: key, instanceKey: key, state, severity: severityOf(impact), occurredAt, subjects, text: `${name} (${status})` }
}

function toldOfComponent(page: string, { id, name }: z.output<typeof component>, { new_status: status, created_at: at }: z.output<typeof change>): Told {
  const known = ofComponent[status]
  if (known === undefined) throw unreadable('its status is none that is known')
  const [state, severity] = known
  const key = `${page}/component/${id}`
  return { alarm: key, instanceKey: key, state, severity, occurredAt: timeOf(at, 'created_at'), subjects: namesOf(name), text: `${name}: ${status}` }
}
