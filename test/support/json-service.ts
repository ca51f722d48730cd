// A STAND-IN, ours, for an API that answers JSON: what a test says of each request, in the shapes of the API's documentation.
// It is no simulator: it knows no rules, and shows only that we ask and read as documented.
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'

export type Asked = { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown }
export type Answer = { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }

export type JsonService = { readonly url: string; readonly asked: readonly Asked[] }

/** Starts one on a free loopback port. `answer`: null is 404. `path`: with its query, decoded. */
export async function startJsonService(t: TestContext, answer: (asked: Asked) => Answer | null): Promise<JsonService> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      const one = {
        method: request.method ?? '',
        path: decodeURIComponent(request.url ?? ''),
        headers: request.headers,
        body: sent === '' ? null : JSON.parse(sent),
      }
      asked.push(one)
      const { status = 200, headers = {}, body = {} } = answer(one) ?? { status: 404 }
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => server.close().closeAllConnections())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, asked }
}
