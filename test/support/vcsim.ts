// Starts the simulated vCenter for one test: a free port, an own certificate, an own folder; all of it ends with the test.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = path.resolve(import.meta.dirname, '../../.lab/bin/vcsim')

/** A reason to skip, or false when the simulator is there. */
export const withoutVcsim: string | false = existsSync(program) ? false : 'vcsim is not built; lab/setup builds it'

export type Vcsim = {
  readonly url: string
  readonly user: string
  readonly password: string
  /** `sha256:AB:CD:…` of its certificate. */
  readonly fingerprint: string
  /** Contents of its certificate, PEM. */
  readonly ca: string
  /** Orders a fault: `/fault`, `/status`, `/faults/clear`, `/power`. */
  readonly order: (path: string, body?: object) => Promise<void>
  /** What stands there now (lab/vcsim/watch.go). */
  readonly machines: () => Promise<readonly Machine[]>
  readonly stop: () => Promise<void>
}

export type Machine = {
  readonly vm: string
  readonly id: string
  readonly state: string
  readonly address: string
  readonly disks: readonly { readonly unit: number; readonly file: string; readonly sizeMiB: number }[]
  /** Base64. */
  readonly userData?: string
}

type Test = { readonly after: (act: () => Promise<void>) => void }

/** Flags are those of lab/vcsim. Log-in: the user `ops` with the given password. */
export async function startVcsim(test: Test, flags: readonly string[] = [], password = 'Tr0ub4dor&3<>"'): Promise<Vcsim> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-vcsim-'))
  const { key, cert } = await makeCertificate(folder)
  const control = path.join(folder, 'control')
  const common = ['-l', '127.0.0.1:0', '-tlscert', cert, '-tlskey', key, '-username', 'ops', '-password', password, '-control', control]
  // Its own temporary files go with the folder, also when it ends in the middle of writing some.
  const child = spawn(program, [...common, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder } })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  test.after(stop)
  const url = await firstLine(child)
  const ca = await readFile(cert, 'utf8')
  const fingerprint = `sha256:${new X509Certificate(ca).fingerprint256}`
  return {
    url,
    user: 'ops',
    password,
    fingerprint,
    ca,
    stop,
    order: async (where, body) => void (await ask(control, where, body ?? {})),
    machines: async () => JSON.parse(await ask(control, '/vms')),
  }
}

/** A key and a certificate for 127.0.0.1 and localhost that it signed itself. */
export async function makeCertificate(folder: string): Promise<{ key: string; cert: string }> {
  const key = path.join(folder, 'key.pem')
  const cert = path.join(folder, 'cert.pem')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  await run('openssl', ['req', '-x509', ...kind, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', key, '-out', cert])
  return { key, cert }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  const lines = child.stdout === null ? null : createInterface({ input: child.stdout })
  if (lines !== null) for await (const line of lines) return line.replace(/\/$/, '')
  throw new Error(`vcsim ended before it listened: ${said}`)
}

/** Without a body it is only asked. */
async function ask(control: string, where: string, body?: object): Promise<string> {
  const sent = request({ socketPath: control, path: where, method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json' } })
  sent.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = await once(sent, 'response')
  const text = (await answer.toArray()).join('')
  if (answer.statusCode >= 300) throw new Error(`vcsim refused ${where} ${JSON.stringify(body)}: ${answer.statusCode}`)
  return text
}
