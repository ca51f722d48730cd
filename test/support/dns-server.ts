// Real name servers for tests: their own folder, port and key; ended and removed with the test.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { Secret } from '../../src/core/secret.ts'
import type { DnsProvider } from '../../src/dns/provider.ts'
import { rfc2136Provider, type Rfc2136Settings } from '../../src/dns/rfc2136/provider.ts'
import type { TsigKey } from '../../src/dns/rfc2136/tsig.ts'
import { waitUntil } from '../../src/io/wait.ts'

const run = promisify(execFile)

export type NameServer = {
  readonly address: string
  readonly port: number
  readonly zone: string
  readonly key: { readonly name: string; readonly algorithm: TsigKey['algorithm']; readonly secret: Secret }
  /** Answers of `dig +short`, one line each: an opinion on the zone that is not ours. */
  readonly dig: (name: string, type: string) => Promise<readonly string[]>
  /** TTL and data of each record, by dig. */
  readonly records: (name: string, type: string) => Promise<readonly string[]>
  readonly serial: () => Promise<number>
  /** Changes the zone as somebody else would, with `nsupdate`. */
  readonly nsupdate: (lines: readonly string[]) => Promise<void>
  readonly stop: () => Promise<void>
}

/** The zone's records as in a zone file. */
export const shopZone = [
  '$TTL 10',
  '@ SOA ns1 hostmaster 1 3600 600 86400 10',
  '@ NS ns1',
  'ns1 A 127.0.0.1',
  'www A 192.0.2.10',
  'api A 192.0.2.20',
  'api A 192.0.2.21',
  'api AAAA 2001:db8::20',
  'files A 192.0.2.30',
]

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Whether a program answers on this machine; the reason to skip a test otherwise. */
export async function missing(program: string): Promise<string | false> {
  return await run(program, ['-V']).then(
    () => false,
    (error: unknown) => (error instanceof Error && 'code' in error && error.code === 'ENOENT' ? `${program} is not installed` : false),
  )
}

export type Prepared = {
  readonly folder: string
  readonly port: number
  readonly zone: string
  readonly secret: string
  readonly keyName: string
  readonly algorithm: TsigKey['algorithm']
}

/** A folder, a port and a key for a server to be. */
export async function prepareServer(t: TestContext, zone: string, algorithm: TsigKey['algorithm'] = 'hmac-sha256'): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-dns-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return { folder, port: await freePort(), zone, secret: randomBytes(32).toString('base64'), keyName: 'lifeboat-test', algorithm }
}

/** Starts the program, waits until it answers for its zone, and ends it with the test. */
export async function runServer(t: TestContext, program: string, args: readonly string[], prepared: Prepared): Promise<NameServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.push(chunk.toString()))
  const stop = () => ended(child)
  t.after(stop)
  const server = nameServer(prepared, stop)
  const soa = async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended by itself:\n${log.join('')}`)
    return (await server.dig(prepared.zone, 'SOA').catch(() => []))[0]
  }
  await waitUntil(soa, { what: `${program} answering`, deadlineMs: 15_000, everyMs: 50, signal: t.signal })
  return server
}

function nameServer({ port, zone, secret, keyName, algorithm }: Prepared, stop: () => Promise<void>): NameServer {
  const dig = async (name: string, type: string, how: readonly string[]) => {
    const args = ['+tcp', '+time=2', '+tries=1', ...how, '-p', String(port), '@127.0.0.1', name, type]
    const { stdout } = await run('dig', args)
    return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'))
  }
  const server = {
    address: '127.0.0.1',
    port,
    zone,
    key: { name: keyName, algorithm, secret: new Secret(secret) },
    dig: (name: string, type: string) => dig(name, type, ['+short']),
    records: async (name: string, type: string) => {
      const lines = await dig(name, type, ['+noall', '+answer'])
      return lines
        .map((line) => line.split(/\s+/))
        .map(([, ttl, , kind, ...data]) => [ttl, kind, ...data].join(' '))
        .sort()
    },
    serial: async () => Number((await dig(zone, 'SOA', ['+short']))[0]?.split(' ')[2]),
    nsupdate: async (lines: readonly string[]) => {
      const script = [`server 127.0.0.1 ${port}`, `key ${algorithm}:${keyName} ${secret}`, `zone ${zone}`, ...lines, 'send', '']
      const child = run('nsupdate', ['-v'])
      child.child.stdin?.end(script.join('\n'))
      await child
    },
    stop,
  } as const
  return server
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

/** A provider for the zone of a server, as the configuration would make it; some settings can be made wrong. */
export function providerOf(server: NameServer, wrong: Partial<Rfc2136Settings> = {}): DnsProvider {
  const { address, port, zone, key } = server
  return rfc2136Provider({ server: { address, port }, zone, key, authorities: [], clock: Date.now, ...wrong })
}
