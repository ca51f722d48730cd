// What the tests of this folder share: a shop in a simulated vCenter, a source that talks to it, and a way in between.
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { IncomingHttpHeaders } from 'node:http'
import { Secret } from '../../../src/core/secret.ts'
import { LifeboatError } from '../../../src/core/errors.ts'
import { vsphere } from '../../../src/providers/vsphere/index.ts'
import type { Source } from '../../../src/providers/provider.ts'
import { startVcsim, type Vcsim } from '../../support/vcsim.ts'
import { startTlsServer, type WebServer } from '../../support/web-server.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }

export const shop = [
  { name: 'web-1', folder: 'shop/front', cpus: 2, memoryMiB: 4096, disksMiB: [40960, 1024], address: '192.0.2.10/24', mac: '00:50:56:aa:bb:01' },
  {
    name: 'web-2',
    folder: 'shop/front',
    address: '2001:db8::2/64',
    mac: '00:50:56:aa:bb:02',
    guestId: 'ubuntu64Guest',
    guestFullName: 'Ubuntu Linux (64-bit)',
  },
  { name: 'orders', folder: 'shop', cpus: 4, memoryMiB: 8192, firmware: 'bios', power: 'off' },
]

/** A simulated vCenter with the three machines of the shop and no others. */
export async function startShop(t: Test, flags: readonly string[] = [], password?: string): Promise<Vcsim> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-shop-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'shop.json')
  await writeFile(file, JSON.stringify(shop))
  return startVcsim(t, ['-vm', '0', '-shop', file, ...flags], password)
}

export type At = { readonly url: string; readonly fingerprint: string }

export async function openSource(t: Test, vcsim: { user: string; password: string } & At, at: Partial<At> = {}): Promise<Source> {
  const { url, user, password, fingerprint } = { ...vcsim, ...at }
  const config = vsphere.schema.parse({ kind: 'vsphere', url, user, password: new Secret(password), tls: { fingerprint } })
  const source = await vsphere.source?.('old', config)
  assert.ok(source)
  t.after(() => source.close())
  return source
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(60_000)
}

export function failsWith(code: string, sentence: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LifeboatError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, sentence)
    return true
  }
}

export type Exchange = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
export type Answering = (
  asked: { readonly body: string; readonly headers: IncomingHttpHeaders },
  forward: (body?: string, headers?: IncomingHttpHeaders) => Promise<Exchange>,
) => Promise<Exchange | 'hang up'>

/** A proxy before the vCenter, which answers what the test says; `forward` asks the vCenter itself. */
export async function startProxy(t: Test, vcsim: Vcsim, answer: Answering): Promise<WebServer & At> {
  const server = await startTlsServer(t, async (asked, response, body) => {
    const forward = (other = body, headers = asked.headers): Promise<Exchange> => exchange(vcsim.url, other, headers)
    const given = await answer({ body, headers: asked.headers }, forward)
    if (given === 'hang up') return void response.destroy()
    const cookies = given.headers['set-cookie']
    response.writeHead(given.status, cookies === undefined ? {} : { 'set-cookie': cookies }).end(given.body)
  })
  return { ...server, url: `${server.url}sdk` }
}

async function exchange(url: string, body: string, headers: IncomingHttpHeaders): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const plain = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const sent = request(url, { method: 'POST', headers: plain, rejectUnauthorized: false, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** How often a method was called. */
export function calls(server: WebServer, method: string): number {
  return server.bodies.filter((body) => body.includes(`<${method} `)).length
}
