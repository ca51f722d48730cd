// The vCenter of the world: vcsim over TLS with a certificate of its own, and the machines of the old provider in it.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { waitUntil } from '../src/io/wait.ts'
import { makeCertificate } from './certificate.ts'
import { startDaemon, type Daemon } from './command.ts'
import type { MachineEvent, StartHost } from './host.ts'
import { buildNetwork, vcenterAddress } from './network.ts'
import { program, worldFolder } from './place.ts'

const user = 'ops@vsphere.local'
const password = 'lab only, opens nothing'
const controlAddress = '127.0.0.1:8990'

const lineSchema = z.object({ event: z.string(), vm: z.string(), state: z.string().optional(), connected: z.boolean().optional() })

export const startVCenter: StartHost = async (machines, onEvent) => {
  await buildNetwork()
  const folder = path.join(worldFolder, 'vcenter')
  const { fingerprint } = await makeCertificate(folder, 'vcenter.shop.example', vcenterAddress)
  writeFileSync(path.join(folder, 'machines.json'), JSON.stringify(machines))
  let url = ''
  const hear = (line: string) => {
    if (line.startsWith('https://')) url = `https://${vcenterAddress}/sdk`
    else if (line.startsWith('{')) for (const event of readEvent(line)) onEvent(event)
  }
  const args = ['-l', `${vcenterAddress}:443`, '-username', user, '-password', password, '-page-cap', '100', '-vm', '0', '-control', controlAddress]
  const files = ['-tlscert', path.join(folder, 'certificate.pem'), '-tlskey', path.join(folder, 'key.pem'), '-shop', path.join(folder, 'machines.json')]
  const daemon: Daemon = startDaemon('vcsim', program('vcsim'), [...args, ...files], { onLine: hear })
  await waitUntil(
    async () => {
      if (!daemon.running()) throw new Error(`vcsim ended: ${readFileSync(daemon.log, 'utf8').slice(-500)}`)
      return await Promise.resolve(url === '' ? null : true)
    },
    { what: `The start of vcsim (log: ${daemon.log})`, deadlineMs: 30_000, everyMs: 20, signal: new AbortController().signal },
  )
  return {
    url,
    user,
    password,
    fingerprint,
    control: async (where, order) => await ask(where, order),
    stop: daemon.stop,
    freeze: async () => await Promise.resolve(daemon.kill('SIGSTOP')),
    thaw: async () => await Promise.resolve(daemon.kill('SIGCONT')),
  }
}

function readEvent(line: string): MachineEvent[] {
  const { event, vm: machine, state, connected } = lineSchema.parse(JSON.parse(line))
  if (event === 'power') return [{ event, machine, power: state === 'poweredOn' ? 'on' : 'off' }]
  if (event === 'nic') return [{ event, machine, connected: connected === true }]
  return []
}

async function ask(where: string, order: unknown): Promise<unknown> {
  const init = order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) }
  const answer = await fetch(`http://${controlAddress}${where}`, { ...init, signal: AbortSignal.timeout(5000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`vcsim refused ${where}: ${answer.status} ${text}`)
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text
}
