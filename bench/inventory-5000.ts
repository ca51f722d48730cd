// The inventory of a vCenter with thousands of machines: ours, beside the bare transfer and what others have for it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeCertificate } from '../lab/certificate.ts'
import { startDaemon } from '../lab/command.ts'
import { prepared, program } from '../lab/place.ts'
import { heapFlags } from '../src/controller/client.ts'
import { waitUntil } from '../src/io/wait.ts'
import { machineProperties } from '../src/providers/vsphere/properties.ts'
import { below, better, within, type Benchmark, type Case, type Stage } from './benchmark.ts'
import { openDesk, run } from './desk.ts'

const user = 'ops'
const password = 'lab only, opens nothing'
/** Of the simulator, which says so of itself. */
const apiVersion = '6.5'

/** What the machines of the vCenter are copies of. */
const originals = [
  { name: 'web', folder: 'shop/front', cpus: 2, memoryMiB: 4096, disksMiB: [40960, 1024], address: '192.0.2.10/24' },
  { name: 'db', folder: 'shop', cpus: 8, memoryMiB: 32768, disksMiB: [20480, 512_000, 512_000], address: '192.0.2.11/24' },
  { name: 'mail', folder: 'office', cpus: 2, memoryMiB: 4096, address: '2001:db8::2/64', guestId: 'ubuntu64Guest', guestFullName: 'Ubuntu Linux (64-bit)' },
  { name: 'old', folder: 'office/archive', power: 'off', firmware: 'bios' },
]

type VCenter = { readonly url: string; readonly fingerprint: string; readonly close: () => Promise<void> }

async function startVCenter(machines: number, signal: AbortSignal): Promise<VCenter> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-bench-vcenter-'))
  const { fingerprint } = await makeCertificate(folder, 'localhost', '127.0.0.1')
  const shop = path.join(folder, 'machines.json')
  writeFileSync(shop, JSON.stringify(originals))
  let url = ''
  const files = ['-tlscert', path.join(folder, 'certificate.pem'), '-tlskey', path.join(folder, 'key.pem'), '-shop', shop]
  const size = ['-vm', '0', '-copies', String(machines - originals.length), '-page-cap', '100']
  const daemon = startDaemon('vcsim-bench', program('vcsim'), ['-l', '127.0.0.1:0', '-username', user, '-password', password, ...files, ...size], {
    onLine: (line) => (url ||= line),
  })
  const listens = async (): Promise<true | null> => {
    if (!daemon.running()) throw new Error(`vcsim ended; its log is ${daemon.log}`)
    return await Promise.resolve(url === '' ? null : true)
  }
  await waitUntil(listens, { what: 'The start of vcsim', deadlineMs: 60_000, everyMs: 50, signal })
  return {
    url,
    fingerprint,
    close: async () => {
      await daemon.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Seconds that a program of this folder measured itself, so that the start of an interpreter counts for nobody. */
async function ownTime(command: string, args: readonly string[], folder: string, environment: Readonly<Record<string, string>>, signal: AbortSignal) {
  const { stdout } = await run(command, args, folder, environment, signal)
  const told: unknown = JSON.parse(stdout)
  const { machines, seconds } = told as { machines: number; seconds: number }
  return { machines, seconds }
}

async function prepareTime(machines: number, signal: AbortSignal): Promise<Stage> {
  const vcenter = await startVCenter(machines, signal)
  const here = path.join(import.meta.dirname, 'inventory')
  const environment = { VC_URL: vcenter.url, VC_USER: user, VC_PASSWORD: password, VC_FINGERPRINT: vcenter.fingerprint }
  const { paths } = machineProperties(apiVersion)
  const measured = (command: readonly [string, ...string[]], file: string) => async (until: AbortSignal) => {
    const [executable, ...flags] = command
    const told = await ownTime(executable, [...flags, path.join(here, file), ...paths], here, environment, until)
    if (told.machines !== machines) throw new Error(`${file} read ${told.machines} machines instead of ${machines}`)
    return told.seconds
  }
  return {
    contestants: {
      ours: measured([process.execPath, ...heapFlags], 'ours.ts'),
      'bare transfer': measured([process.execPath], 'transfer.ts'),
      'govc object.collect -json': async (until) => {
        const address = new URL(vcenter.url)
        address.username = user
        const login = { GOVC_URL: address.href, GOVC_PASSWORD: password, GOVC_INSECURE: '1', GOVC_PERSIST_SESSION: 'false' }
        const { seconds } = await run('sh', ['-c', 'exec govc object.collect -json -type m / "$@" >/dev/null', 'govc', ...paths], here, login, until)
        return seconds
      },
      pyVmomi: measured([path.join(prepared, 'pyvmomi-venv', 'bin', 'python3')], 'collect.py'),
    },
    close: vcenter.close,
  }
}

async function prepareMemory(machines: number, signal: AbortSignal): Promise<Stage> {
  const vcenter = await startVCenter(machines, signal)
  const provider = `kind: vsphere, url: ${vcenter.url}, user: ${user}, password: env:VC_PASSWORD, tls: { fingerprint: "${vcenter.fingerprint}" }`
  const desk = openDesk(`project: bench\nproviders:\n  old: { ${provider} }\n`, { VC_PASSWORD: password })
  return {
    contestants: {
      ours: async (until) => {
        await desk.stopController()
        const { stdout, peakMiB } = await desk.lifeboat(['inventory', 'old', '--json', '--quiet'], until)
        const found = stdout.split('{"id":').length - 1
        if (found !== machines) throw new Error(`inventory told ${found} machines instead of ${machines}`)
        return Math.max(peakMiB, desk.controllerPeakMiB())
      },
    },
    close: async () => {
      await desk.close()
      await vcenter.close()
    },
  }
}

const simulated = 'vcsim with pages of 100 as vCenter has; all but four machines are copies, with names and ids of their own.'

function memory(machines: number, quick: boolean): Case {
  return {
    name: `memory/${machines}`,
    unit: 'MiB',
    rounds: 3,
    quick,
    goals: [below(200)],
    notes: `The larger of two peaks: of \`lifeboat inventory --json\` and of a controller that it started. ${simulated}`,
    prepare: async (signal) => await prepareMemory(machines, signal),
  }
}

export const inventory5000: Benchmark = {
  name: 'inventory-5000',
  says: 'How long the inventory of a large vCenter takes, and how much memory.',
  cases: [
    {
      name: 'time/5000',
      unit: 's',
      rounds: 5,
      quick: true,
      goals: [within(1.25, 'bare transfer'), better(1, 'govc object.collect -json'), better(2, 'pyVmomi')],
      notes: `From the log-in to the whole answer in memory, each in a process of its own whose start does not count (that of govc does: some ms). The bare transfer fetches the same pages and throws them away. All ask for the same properties; govc and pyVmomi for those of machines only. ${simulated}`,
      prepare: async (signal) => await prepareTime(5000, signal),
    },
    memory(5000, true),
    memory(20_000, false),
  ],
}
