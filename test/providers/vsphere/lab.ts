// What the tests of this folder share: a shop in a simulated vCenter, a source that talks to it, and a way in between.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Secret } from '../../../src/core/secret.ts'
import { vsphere } from '../../../src/providers/vsphere/index.ts'
import type { Source } from '../../../src/providers/provider.ts'
import { startVcsim, type Vcsim } from '../../support/vcsim.ts'
import { count, startFaultProxy, type FaultProxy, type Strike } from '../../support/fault-proxy.ts'
import { numbered, type Weather } from '../../conformance/bad-input.ts'
import { answers } from '../../support/faults.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }

const password = 'Tr0ub4dor&3<>"'

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
export async function startShop(t: Test, flags: readonly string[] = [], given?: string): Promise<Vcsim> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-shop-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'shop.json')
  await writeFile(file, JSON.stringify(shop))
  return startVcsim(t, ['-vm', '0', '-shop', file, ...flags], given)
}

export type At = { readonly url: string; readonly fingerprint: string }

export async function openSource(t: Test, vcsim: { user: string; password: string } & At, at: Partial<At> = {}): Promise<Source> {
  const { url, user, password: given, fingerprint } = { ...vcsim, ...at }
  const config = vsphere.schema.parse({ kind: 'vsphere', url, user, password: new Secret(given), tls: { fingerprint } })
  const source = await vsphere.source?.('old', config)
  assert.ok(source)
  t.after(() => source.close())
  return source
}

/** A way in between that remembers what was asked; `strike` may change each answer. */
export async function startProxy(t: Test, vcsim: Vcsim, strike: Strike = async ({ forward }) => await forward()): Promise<FaultProxy> {
  return startFaultProxy(t, vcsim.url, { times: Number.POSITIVE_INFINITY, with: strike })
}

/** How often a method was called. */
export function calls(proxy: FaultProxy, method: string): number {
  return count(proxy, new RegExp(`<${method} `))
}

/** How bad weather meets a vCenter. */
export const weather: Weather = {
  start: async (t) => (await startShop(t, ['-page-cap', '1'], password)).url,
  open: async (t, at) => openSource(t, { user: 'ops', password, ...at }),
  keys: 'kind: vsphere, user: ops',
  password,
  login: /<Login /,
  list: /<RetrievePropertiesEx .*<type>VirtualMachine</,
  page: /<ContinueRetrievePropertiesEx /,
  sessionLost: fault('NotAuthenticated', ''),
  refuses: (words) => fault('NotSupported', words),
}

function fault(type: string, words: string): Strike {
  const detail = `<detail><${type}Fault xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}"/></detail>`
  const inside = `<faultcode>ServerFaultCode</faultcode><faultstring>${numbered(words)}</faultstring>${detail}`
  return answers(500, `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>${inside}</e:Fault></e:Body></e:Envelope>`)
}
