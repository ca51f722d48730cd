// The TCP server of `lifeboat serve` over an evidence log, on loopback: its door and its routes, without a controller behind.
import { createHash } from 'node:crypto'
import type { App } from '../../src/app/app.ts'
import { createTcpServer } from '../../src/server/api.ts'
import type { EvidenceSource } from '../../src/server/evidence.ts'

export const token = 'token-that-reads'

export type EvidenceServer = { readonly url: string; readonly close: () => Promise<void> }

/** `port`: 0 for any. */
export async function serveEvidence(evidence: EvidenceSource, port = 0): Promise<EvidenceServer> {
  const tokens = [{ name: 'reader', scope: 'read', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` }] as const
  const nothing = async (): Promise<never> => await Promise.reject(new Error('This test asks for evidence alone.'))
  const server = createTcpServer({ status: nothing } as unknown as App, {
    door: {
      tokens,
      context: { config: { text: '', baseFolder: '/' }, secrets: {}, isComplete: true },
      audit: { write: async () => undefined, close: async () => undefined },
      limits: { perToken: 1_000_000, perStranger: 1_000_000 },
    },
    receiver: { receive: nothing, sources: [], close: () => undefined },
    evidence,
    touched: () => undefined,
    stop: () => undefined,
  })
  return { url: await server.listen({ host: '127.0.0.1', port }), close: async () => await server.close() }
}
