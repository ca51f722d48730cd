// The vCloud Director of the world: our simulator of it (lab/vcloud) with the machines of the old provider in it.
import path from 'node:path'
import { makeCertificate } from './certificate.ts'
import type { StartHost } from './host.ts'
import { buildNetwork, vcloudAddress } from './network.ts'
import { worldFolder } from './place.ts'
import { startSimulator } from './vcloud/simulator.ts'

const account = { org: 'shop', user: 'ops', password: 'lab only, opens nothing', apiToken: 'lab only, opens nothing either' }

/** The folders of the machines are its vApps. */
export const startVCloud: StartHost = async (machines, onEvent) => {
  await buildNetwork()
  const { key, cert, fingerprint } = await makeCertificate(path.join(worldFolder, 'vcloud'), 'vcloud.shop.example', vcloudAddress)
  const { url, control, stop, freeze, thaw } = await startSimulator({ host: vcloudAddress, port: 443, key, cert, account, machines, onEvent })
  return {
    url,
    user: account.user,
    password: account.password,
    fingerprint,
    keys: { org: account.org },
    control,
    stop,
    freeze: async () => await Promise.resolve(freeze()),
    thaw: async () => await Promise.resolve(thaw()),
  }
}
