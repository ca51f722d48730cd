// The vCenter of the world: vcsim over TLS with a certificate of its own, and the machines of the old provider in it.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { waitUntil } from '../src/io/wait.ts'
import { run, startDaemon, type Daemon } from './command.ts'
import { buildNetwork, vcenterAddress } from './network.ts'
import { program, worldFolder } from './place.ts'

export type VirtualMachine = { readonly name: string; readonly folder: string; readonly address?: string; readonly mac?: string; readonly power?: 'on' | 'off' }

/** What a hypervisor has to carry out. */
export type MachineEvent =
  | { readonly event: 'power'; readonly machine: string; readonly power: 'on' | 'off' }
  | { readonly event: 'nic'; readonly machine: string; readonly connected: boolean }

export type VCenter = {
  readonly url: string
  readonly user: string
  readonly password: string
  /** SHA-256 of its certificate, `sha256:AB:CD:…`. */
  readonly fingerprint: string
  /** Asks for faults on demand (lab/vcsim/control.go): a path such as /status, and what to send. */
  readonly control: (path: string, order?: unknown) => Promise<unknown>
  /** The API does not answer at all: connections are accepted by nobody. */
  readonly stop: () => Promise<void>
  /** It is asleep: connections are accepted, nothing is answered. */
  readonly freeze: () => void
  readonly thaw: () => void
}

const user = 'ops@vsphere.local'
const password = 'lab only, opens nothing'
const controlAddress = '127.0.0.1:8990'

const lineSchema = z.object({ event: z.string(), vm: z.string(), state: z.string().optional(), connected: z.boolean().optional() })

/** Starts it with these machines. `onEvent` hears of changes only, not of what stands there. */
export async function startVCenter(machines: readonly VirtualMachine[], onEvent: (event: MachineEvent) => void): Promise<VCenter> {
  await buildNetwork()
  const folder = path.join(worldFolder, 'vcenter')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const fingerprint = await makeCertificate(folder, 'vcenter.shop.example', vcenterAddress)
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
    freeze: () => daemon.kill('SIGSTOP'),
    thaw: () => daemon.kill('SIGCONT'),
  }
}

function readEvent(line: string): MachineEvent[] {
  const { event, vm: machine, state, connected } = lineSchema.parse(JSON.parse(line))
  if (event === 'power') return [{ event, machine, power: state === 'poweredOn' ? 'on' : 'off' }]
  if (event === 'nic') return [{ event, machine, connected: connected === true }]
  return []
}

/** Writes certificate.pem and key.pem into the folder; answers the fingerprint. */
export async function makeCertificate(folder: string, name: string, address: string): Promise<string> {
  const [certificate, key] = [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:${address}`]
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
    ...subject,
    '-keyout',
    key,
    '-out',
    certificate,
  ])
  return `sha256:${new X509Certificate(readFileSync(certificate)).fingerprint256}`
}

async function ask(where: string, order: unknown): Promise<unknown> {
  const init = order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) }
  const answer = await fetch(`http://${controlAddress}${where}`, { ...init, signal: AbortSignal.timeout(5000) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`vcsim refused ${where}: ${answer.status} ${text}`)
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text
}
