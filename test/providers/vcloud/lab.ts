// What the tests of this folder share: a shop in a simulated vCloud Director, and a source that talks to it.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { X509Certificate } from 'node:crypto'
import type { MachineEvent } from '../../../lab/host.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../../lab/vcloud/simulator.ts'
import type { MachineSpec } from '../../../lab/vcloud/state.ts'
import type { Node } from '../../../src/core/node.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Connection } from '../../../src/providers/https-api.ts'
import { connect as connectTo, type Session } from '../../../src/providers/vcloud/session.ts'
import { vcloud } from '../../../src/providers/vcloud/index.ts'
import type { Fence } from '../../../src/core/fence.ts'
import type { Source } from '../../../src/providers/provider.ts'
import { soon } from '../../support/failures.ts'
import { makeCertificate } from '../../support/vcsim.ts'
import { numbered, type Weather } from '../../conformance/bad-input.ts'
import { answers } from '../../support/faults.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }
export type Director = Simulator & { readonly fingerprint: string; readonly events: readonly MachineEvent[] }

const account = { org: 'shop', user: 'ops', password: 'Tr0ub4dor&3<>"', apiToken: 'api-token-of-the-lab' }

export const shop: readonly MachineSpec[] = [
  { name: 'web-1', folder: 'front', address: '192.0.2.10', cpus: 2, memoryMiB: 4096, disksMiB: [40960, 1024], cards: 2, order: 2 },
  { name: 'db-1', folder: 'front', address: '192.0.2.11', order: 1, delaySeconds: 60 },
  { name: 'mute-1', folder: 'back', address: '192.0.2.12', tools: false },
  { name: 'old-1', folder: 'back', power: 'off' },
]

export async function startDirector(t: Test, options: Partial<SimulatorOptions> = {}): Promise<Director> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-vcloud-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const files = await makeCertificate(folder)
  const [key, cert] = [await readFile(files.key), await readFile(files.cert)]
  const events: MachineEvent[] = []
  const onEvent = (event: MachineEvent): void => void events.push(event)
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, key, cert, account, machines: shop, onEvent, ...options })
  t.after(() => simulator.stop())
  return { ...simulator, fingerprint: `sha256:${new X509Certificate(cert).fingerprint256}`, events }
}

type Given = { readonly url: string; readonly fingerprint: string }

function configOf({ url, fingerprint }: Given, more: object): ReturnType<typeof vcloud.schema.parse> {
  const login = 'token' in more ? {} : { user: account.user, password: new Secret(account.password) }
  return vcloud.schema.parse({ kind: 'vcloud', url, org: account.org, ...login, tls: { fingerprint }, ...more })
}

export async function openSource(t: Test, director: Given, more: object = {}): Promise<Source> {
  const source = await vcloud.source?.('old', configOf(director, more))
  assert.ok(source)
  t.after(() => source.close())
  return source
}

export async function openFence(t: Test, director: Given): Promise<Fence> {
  const fence = await vcloud.fence?.('old', configOf(director, {}))
  assert.ok(fence)
  t.after(() => fence.close())
  return fence
}

/** What stands below the source, for what only a test asks for. */
export function connect(t: Test, director: Given): Connection<Session> {
  const credentials = { user: account.user, password: new Secret(account.password) }
  const connection = connectTo({ service: 'The director', origin: director.url, org: account.org, credentials }, { fingerprint: director.fingerprint })
  t.after(() => connection.close())
  return connection
}

export async function nodeNamed(source: Source, name: string): Promise<Node> {
  const found = (await source.nodes(soon())).nodes.find((node) => node.name === name)
  assert.ok(found, `${name} is there`)
  return found
}

/** How often a path that ends so was asked for. */
export function calls(director: Simulator, method: string, end: string): number {
  return director.requests.filter(({ where }) => where.startsWith(`${method} `) && where.endsWith(end)).length
}

/** How bad weather meets a vCloud Director. */
export const weather: Weather = {
  start: async (t) => (await startDirector(t, { pageCap: 1 })).url,
  open: openSource,
  keys: 'kind: vcloud, org: shop, user: ops',
  password: account.password,
  login: /^POST \/cloudapi\/1\.0\.0\/sessions/,
  list: /^GET \/api\/query\?.*page=1&/,
  page: /^GET \/api\/query\?.*page=2&/,
  sessionLost: answers(401, ''),
  refuses: (words) => answers(400, `<Error minorErrorCode="BAD_REQUEST" message="${numbered(words)}"/>`),
}
