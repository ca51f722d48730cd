// A simulated vCenter that makes machines: a template to clone, addresses for what is made, and the target that leads there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Secret } from '../../src/core/secret.ts'
import { vsphere } from '../../src/providers/vsphere/index.ts'
import type { Source, Target } from '../../src/providers/provider.ts'
import type { Connection } from '../../src/providers/https-api.ts'
import { connect, type Session } from '../../src/providers/vsphere/soap.ts'
import { startVcsim, withoutVcsim, type Vcsim } from './vcsim.ts'

/** A reason to skip, or false. */
export const makesMachines = withoutVcsim

export const vspherePlugin = path.resolve(import.meta.dirname, '../../.lab/pulumi-home/plugins/resource-vsphere-v4.17.0/pulumi-resource-vsphere')

/** Where the simulator's own model has its things. */
export const place = { datacenter: 'DC0', resourcePool: 'DC0_C0/Resources', datastore: 'LocalDS_0', network: 'VM Network' } as const

export type Maker = Vcsim & {
  readonly target: Target
  readonly source: Source
  /** Does something there as somebody else would. */
  readonly session: Connection<Session>['run']
}

export async function startMaker(test: { readonly after: (act: () => Promise<void>) => void }, password: string): Promise<Maker> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-templates-'))
  test.after(async () => await rm(folder, { recursive: true, force: true }))
  const templates = path.join(folder, 'templates.json')
  await writeFile(templates, JSON.stringify([{ name: 'debian-12', folder: 'templates', template: true, disksMiB: [2048] }]))
  const vcsim = await startVcsim(test, ['-writable', '-vm', '0', '-shop', templates, '-lease', '192.0.2.32/27'], password)
  const config = vsphere.schema.parse({
    kind: 'vsphere',
    url: vcsim.url,
    user: vcsim.user,
    password: new Secret(password),
    tls: { ca: new Secret(vcsim.ca) },
    target: { ...place, rootGiB: 4, images: { 'debian-12': 'templates/debian-12' } },
  })
  const [target, source] = [await vsphere.target?.('new', config, 'shop'), await vsphere.source?.('new', config)]
  if (target === undefined || source === undefined) throw new Error('The kind vsphere is no target, or no source.')
  const other = connect({ service: 'The vCenter', url: vcsim.url, user: vcsim.user, password: new Secret(password) }, { ca: vcsim.ca })
  test.after(async () => void (await Promise.all([source.close(), other.close()])))
  return { ...vcsim, target, source, session: other.run }
}
