// What Prometheus asks: https://prometheus.io/docs/practices/naming/
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { App } from '../app/app.ts'

export type Metrics = {
  /** `result`: `counted` (a vote), `kept` (it counts for nothing), or the code of its refusal. */
  readonly webhook: (source: string, result: string) => void
  readonly text: () => Promise<string>
  readonly contentType: string
}

export function openMetrics(app: Pick<App, 'status'>): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const webhooks = new Counter({ name: 'webhook_total', help: 'Deliveries of monitoring', labelNames: ['source', 'result'], registers: [registry] })
  const moves = new Gauge({ name: 'lifeboat_moves', help: 'Moves by phase', labelNames: ['phase'], registers: [registry] })
  const lag = new Gauge({ name: 'lifeboat_move_lag_seconds', help: 'Age of the copy of a move', labelNames: ['move'], registers: [registry] })
  return {
    webhook: (source, result) => webhooks.inc({ source, result }),
    text: async () => {
      const { moves: all } = await app.status(null)
      moves.reset()
      lag.reset()
      for (const { name, phase, lagSeconds } of all) {
        moves.inc({ phase })
        if (lagSeconds !== null) lag.set({ move: name }, lagSeconds)
      }
      return await registry.metrics()
    },
    contentType: registry.contentType,
  }
}
