// Who may do what over TCP. A route that does not stand here may be used by nobody there.

export const scopes = ['read', 'operate', 'approve'] as const
/** Each includes those before it. */
export type Scope = (typeof scopes)[number]

/** What a route needs; `local`: it is for the socket of this machine alone; `open`: it has a check of its own, or needs none. */
const table: Readonly<Record<string, Scope | 'local' | 'open'>> = {
  'GET /healthz': 'open',
  'POST /hooks/:id': 'open',
  'GET /metrics': 'read',
  'GET /events': 'read',
  'GET /api/v1/openapi.json': 'read',
  'GET /api/v1/status': 'read',
  'GET /api/v1/journal': 'read',
  'GET /api/v1/seq': 'read',
  'GET /api/v1/evidence': 'read',
  'GET /api/v1/evidence/looks': 'read',
  'POST /api/v1/report/verify': 'read',
  'POST /api/v1/policy': 'read',
  'POST /api/v1/standby': 'read',
  // What goes to providers and nodes, or writes.
  'POST /api/v1/inventory': 'operate',
  'POST /api/v1/doctor': 'operate',
  'POST /api/v1/providers': 'operate',
  'POST /api/v1/plan': 'operate',
  'POST /api/v1/standby/drift': 'operate',
  'POST /api/v1/report': 'operate',
  'POST /api/v1/moves': 'operate',
  'POST /api/v1/moves/:name/:kind': 'operate',
  'POST /api/v1/moves/:name/drill': 'operate',
  'POST /api/v1/watch/serving': 'operate',
  'POST /api/v1/moves/:name/standby': 'operate',
  'POST /api/v1/policy/switch': 'approve',
  'POST /api/v1/context': 'local',
  'POST /api/v1/stop': 'local',
}

export function needOf(method: string, route: string): Scope | 'local' | 'open' | null {
  // Fastify answers HEAD wherever it answers GET.
  const key = `${method === 'HEAD' ? 'GET' : method} ${route}`
  return Object.hasOwn(table, key) ? (table[key] ?? null) : null
}

/** What a call needs by what is in it: to let a move cut over or fail over, to end it for good, to take its standby down, and to give one's word that a side is off. */
export function needOfCall(params: unknown, body: unknown): Scope {
  const [kind, approval, isOff, level, want] = [fieldOf(params, 'kind'), ...['approval', 'isOff', 'level', 'want'].map((key) => fieldOf(body, key))]
  const isFinal = kind === 'approve' || kind === 'finish' || kind === 'failover'
  return isFinal || level === 'D3' || want === 'down' || approval === 'at-once' || (isOff !== undefined && isOff !== null) ? 'approve' : 'operate'
}

/** What only somebody on this machine may give: a configuration, and with it programs to run, and names of files to read. */
const localFields = ['context', 'samples', 'against']

export function localFieldIn(body: unknown): string | null {
  return localFields.find((key) => (fieldOf(body, key) ?? null) !== null) ?? null
}

export function allows(has: Scope, needs: Scope): boolean {
  return scopes.indexOf(has) >= scopes.indexOf(needs)
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
