// What the tests of this folder share: a shop in the simulated vCloud Express, and a source that talks to it.
import assert from 'node:assert/strict'
import { startSimulator, type Options, type Simulator } from '../../../lab/terremark/simulator.ts'
import type { MachineSpec } from '../../../lab/terremark/estate.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Source } from '../../../src/providers/provider.ts'
import { terremark } from '../../../src/providers/terremark/index.ts'
import { numbered, type Weather } from '../../conformance/bad-input.ts'
import { answers } from '../../support/faults.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }

export const user = 'ops@shop.example'
export const password = 'Tr0ub4dor&3<>"'

export const shop: readonly MachineSpec[] = [
  { name: 'web-1', folder: 'front', cpus: 2, memoryMiB: 4096, disksKiB: [41_943_040, 10_485_760], address: '10.112.78.69', services: [http('204.51.112.91')] },
  { name: 'web-2', folder: 'front', address: '10.112.78.70', services: [{ port: 53, protocol: 'UDP', publicAddress: '204.51.112.91' }] },
  { name: 'orders', folder: 'back', power: 'off', deaf: true, system: 'Windows Server 2008 R2 Standard Edition (x64)' },
]

function http(publicAddress: string): NonNullable<MachineSpec['services']>[number] {
  return { port: 8080, protocol: 'HTTP', publicAddress, publicPort: 80 }
}

/** A simulated service with the three machines of the shop, unless said otherwise. */
export async function startService(t: Test, options: Partial<Options> = {}): Promise<Simulator> {
  const simulator = await startSimulator({ machines: shop, user, password, pace: { taskMs: 20, guestMs: 10 }, ...options })
  t.after(simulator.stop)
  return simulator
}

export async function openSource(t: Test, url: string, more: { password?: Secret; tls?: object } = {}): Promise<Source> {
  const source = await terremark.source?.('first', terremark.schema.parse({ kind: 'terremark', url, user, password: new Secret(password), ...more }))
  assert.ok(source)
  t.after(() => source.close())
  return source
}

/** How bad weather meets a vCloud Express service. */
export const weather: Weather = {
  start: async (t) => (await startService(t, { pageSize: 1 })).url,
  open: async (t, at) => openSource(t, at.url, { tls: { fingerprint: at.fingerprint } }),
  keys: 'kind: terremark, user: ops@shop.example',
  password,
  login: /^POST \S+\/login\n/,
  list: /^GET \S+\/org\/240\n/,
  page: /^GET \S+\/vdc\/1\?page=2\n/,
  sessionLost: answers(401, ''),
  refuses: (words) => answers(400, `<Error message="${numbered(words)}"/>`),
}
