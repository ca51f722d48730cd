// The vCloud Express of the world: our simulator of it (lab/terremark) over TLS, with the machines of the old provider in it.
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { buildNetwork, terremarkAddress } from './network.ts'
import { worldFolder } from './place.ts'
import { startSimulator, type Simulator } from './terremark/simulator.ts'
import { makeCertificate, type MachineEvent, type VirtualMachine } from './vcenter.ts'

export type Terremark = Pick<Simulator, 'url' | 'control' | 'stop'> & {
  readonly user: string
  readonly password: string
  /** SHA-256 of its certificate, `sha256:AB:CD:…`. */
  readonly fingerprint: string
}

const user = 'ops@shop.example'
const password = 'lab only, opens nothing'

/** Starts it with these machines. `onEvent` hears of changes only, not of what stands there. */
export async function startTerremark(machines: readonly VirtualMachine[], onEvent: (event: MachineEvent) => void): Promise<Terremark> {
  await buildNetwork()
  const folder = path.join(worldFolder, 'terremark')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fingerprint = await makeCertificate(folder, 'services.shop.example', terremarkAddress)
  const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8')
  const { url, control, stop } = await startSimulator({
    // Customers of the shop come by internet services; nobody comes to the offices.
    machines: machines.map((machine) => (machine.folder === 'shop' ? { ...machine, services: [{ port: 80, protocol: 'HTTP' }] } : machine)),
    user,
    password,
    address: terremarkAddress,
    port: 443,
    tls: { key: read('key.pem'), cert: read('certificate.pem') },
    // Few enough that the machines of a world come in pages.
    pageSize: 10,
    onPower: (machine, power) => onEvent({ event: 'power', machine, power }),
  })
  return { url, control, stop, user, password, fingerprint }
}
