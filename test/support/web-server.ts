// A web server for one test, on a free loopback port: answers what the test says, and remembers what it was asked.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { X509Certificate } from 'node:crypto'
import { makeCertificate } from './vcsim.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }
export type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>

export type WebServer = {
  readonly url: string
  /** Bodies of all requests, in order. */
  readonly bodies: readonly string[]
  readonly fingerprint: string
  readonly ca: string
  readonly server: Server
}

export async function startWebServer(test: Test, answer: Answering): Promise<WebServer> {
  return listen(test, answer, (handle) => createServer(handle), 'http', '', '')
}

export async function startTlsServer(test: Test, answer: Answering): Promise<WebServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-web-'))
  test.after(() => rm(folder, { recursive: true, force: true }))
  const files = await makeCertificate(folder)
  const [key, cert] = [await readFile(files.key), await readFile(files.cert, 'utf8')]
  const fingerprint = `sha256:${new X509Certificate(cert).fingerprint256}`
  return listen(test, answer, (handle) => createTlsServer({ key, cert }, handle), 'https', fingerprint, cert)
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

async function listen(test: Test, answer: Answering, create: (handle: Handle) => Server, scheme: string, fingerprint: string, ca: string): Promise<WebServer> {
  const bodies: string[] = []
  const server = create((request, response) => void handle(request, response))
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    bodies.push(body)
    await answer(request, response, body)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `${scheme}://127.0.0.1:${port}/`, bodies, fingerprint, ca, server }
}
