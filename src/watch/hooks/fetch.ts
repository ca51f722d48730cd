// What a family may ask the outside: one GET over HTTPS, no redirect followed.
import { openHttp } from '../../io/http.ts'
import type { HookContext } from './hook.ts'

const deadlineMs = 10_000
const maxBytes = 64 * 1024

export const fetchOutside: HookContext['fetch'] = async (url) => {
  const connection = openHttp({ service: new URL(url).host, unreachable: 'server-busy' })
  try {
    const { status, text } = await connection.send({ url, signal: AbortSignal.timeout(deadlineMs), deadlineMs, maxBytes, followsRedirects: false })
    return { status, text }
  } finally {
    await connection.close()
  }
}
