// The vCloud Express of the world: our simulator of it (lab/terremark) with the machines of the old provider in it.
import path from 'node:path'
import { makeCertificate } from './certificate.ts'
import type { StartHost } from './host.ts'
import { buildNetwork, terremarkAddress } from './network.ts'
import { worldFolder } from './place.ts'
import { startSimulator } from './terremark/simulator.ts'

const user = 'ops@shop.example'
const password = 'lab only, opens nothing'
const forEver = 1_000_000_000

export const startTerremark: StartHost = async (machines, onEvent) => {
  await buildNetwork()
  const { key, cert, fingerprint } = await makeCertificate(path.join(worldFolder, 'terremark'), 'services.shop.example', terremarkAddress)
  const { url, control, stop } = await startSimulator({
    // Customers of the shop come by internet services; nobody comes to the offices.
    machines: machines.map((machine) => (machine.folder === 'shop' ? { ...machine, services: [{ port: 80, protocol: 'HTTP' }] } : machine)),
    user,
    password,
    address: terremarkAddress,
    port: 443,
    tls: { key, cert },
    // Few enough that the machines of a world come in pages.
    pageSize: 10,
    onPower: (machine, power) => onEvent({ event: 'power', machine, power }),
  })
  return {
    url,
    user,
    password,
    fingerprint,
    control: async (where, order = {}) => await control(where, order),
    stop,
    freeze: async () => await control('/silence', { count: forEver }),
    thaw: async () => await control('/faults/clear', {}),
  }
}
