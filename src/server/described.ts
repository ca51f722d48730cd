// What each route is for, what it takes and what it answers: for openapi.ts. The schemas are those by which calls are read.
import { z } from 'zod'
import { doctorSchema } from '../core/doctor/finding.ts'
import { driftSchema } from '../core/drift.ts'
import { drillCardSchema } from '../core/drill.ts'
import { inventorySchema } from '../core/node.ts'
import { planSchema } from '../core/plan.ts'
import { comparedPlanSchema } from '../core/plan-diff.ts'
import { policyCardSchema } from '../core/policy-card.ts'
import { providerCardSchema } from '../core/provider-card.ts'
import { recordSchema, statusSchema } from '../core/records.ts'
import { standbyChangeSchema } from '../core/standby-node.ts'
import { standbyCardSchema } from '../core/standby.ts'
import * as bodies from './bodies.ts'
import { evidenceQuery, looksQuery } from './evidence.ts'

export type Described = {
  readonly summary: string
  readonly body?: z.ZodType
  readonly query?: z.ZodObject
  readonly params?: z.ZodObject
  /** Absent: a text, or JSON of which no more is promised. */
  readonly answer?: z.ZodType
  /** Of the answer; absent: JSON. */
  readonly type?: string
  readonly status?: number
}

const done = z.object({})
const ofMove = z.object({ move: z.string().optional() })

/** By method and route, as in scopes.ts. */
export const described: Readonly<Record<string, Described>> = {
  'GET /healthz': { summary: 'That it lives; on the socket also who it is.', answer: z.looseObject({ status: z.literal('ok') }) },
  'GET /metrics': { summary: 'For Prometheus.', type: 'text/plain' },
  'GET /events': { summary: 'The journal as it grows (Server-Sent Events, `Last-Event-ID`).', type: 'text/event-stream' },
  'POST /hooks/:id': {
    summary: 'A delivery of monitoring, in the form of its family; kept once this is answered.',
    answer: z.object({ kept: z.number() }),
    status: 202,
  },
  'GET /api/v1/openapi.json': { summary: 'This description.' },
  'GET /api/v1/status': { summary: 'How far the moves have come.', query: ofMove, answer: statusSchema },
  'GET /api/v1/journal': {
    summary: 'Records of the journal after one of them.',
    query: ofMove.extend({ after: z.string().optional() }),
    answer: z.array(recordSchema),
  },
  'GET /api/v1/seq': { summary: 'The number of the last record of the journal.', answer: z.object({ seq: z.number() }) },
  'GET /api/v1/evidence': { summary: 'What was seen, page by page, behind a record (`after`) or of a stretch of time (`from`).', query: evidenceQuery },
  'GET /api/v1/evidence/looks': { summary: 'The same, counted.', query: looksQuery },
  'POST /api/v1/watch/serving': { summary: 'Tells an observer which targets serve.', body: bodies.servingBody, answer: done },
  'POST /api/v1/context': { summary: 'Brings the secrets that moves wait for.', body: bodies.contextBody, answer: done },
  'POST /api/v1/inventory': { summary: 'Asks providers for their nodes.', body: bodies.inventoryBody, answer: z.array(inventorySchema) },
  'POST /api/v1/doctor': { summary: 'What could stop the moves.', body: bodies.contextBody, answer: doctorSchema },
  'POST /api/v1/providers': { summary: 'What is known of providers.', body: bodies.providersBody, answer: z.array(providerCardSchema) },
  'POST /api/v1/plan': {
    summary: 'Makes a plan; with `diff` also what is new in it.',
    body: bodies.planBody,
    answer: z.union([planSchema, comparedPlanSchema]),
  },
  'POST /api/v1/moves': { summary: 'Begins moves, or goes on with them.', body: bodies.migrateBody },
  'POST /api/v1/moves/:name/:kind': { summary: 'Tells a move something.', body: bodies.tellBody, params: bodies.tellParams },
  'POST /api/v1/moves/:name/drill': { summary: 'Drills a standby.', body: bodies.drillBody, answer: drillCardSchema },
  'POST /api/v1/moves/:name/standby': {
    summary: 'Makes the node of a standby, makes it small, or removes it.',
    body: bodies.standbyBody,
    answer: standbyChangeSchema,
  },
  'POST /api/v1/standby': { summary: 'How standbys are.', body: bodies.policyBody, answer: standbyCardSchema },
  'POST /api/v1/standby/drift': { summary: 'What is not as declared.', body: bodies.policyBody, answer: driftSchema },
  'POST /api/v1/policy': { summary: 'Why the policy would or would not act now.', body: bodies.policyBody, answer: policyCardSchema },
  'POST /api/v1/policy/switch': { summary: 'The big red switch.', body: bodies.switchBody, answer: policyCardSchema },
  'POST /api/v1/report': { summary: 'Writes the report of moves, or of an incident.', body: bodies.reportBody },
  'POST /api/v1/report/verify': { summary: 'Compares a report with the evidence.', body: bodies.verifyBody },
  'POST /api/v1/stop': { summary: 'Ends the controller.', answer: done },
}
