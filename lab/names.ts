// The name server of the world: BIND with the zone of the shop and a TSIG key that may change it.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { waitUntil } from '../src/io/wait.ts'
import { answers } from './answers.ts'
import { run, startDaemon, type Daemon } from './command.ts'
import { buildNetwork, nameServer } from './network.ts'
import { worldFolder } from './place.ts'

const zone = 'shop.example'
export const recordSeconds = 10

export type NameServer = {
  readonly server: string
  readonly zone: string
  readonly key: { readonly name: string; readonly algorithm: 'hmac-sha256'; readonly secret: string }
  /** The A records of a name, asked of the server itself. */
  readonly addressesOf: (name: string) => Promise<string[]>
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** It is asleep: connections are accepted, nothing is answered. */
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
}

/** Starts it with these A records (name -> addresses), and makes it the resolver of this world. */
export async function startNames(records: Readonly<Record<string, readonly string[]>>): Promise<NameServer> {
  await buildNetwork()
  const folder = path.join(worldFolder, 'names')
  mkdirSync(folder, { recursive: true })
  const key = { name: 'lab', algorithm: 'hmac-sha256', secret: randomBytes(32).toString('base64') } as const
  writeFileSync(path.join(folder, 'zone'), zoneText(records))
  writeFileSync(path.join(folder, 'named.conf'), configText(folder, key), { mode: 0o600 })
  await useAsResolver()

  let daemon: Daemon | null = null
  const start = async () => {
    if (daemon?.running()) return
    daemon = startDaemon('named', 'named', ['-g', '-n', '1', '-c', path.join(folder, 'named.conf')])
    await waitUntil(async () => ((await answers(nameServer, 53)) ? true : null), {
      what: `An answer of the name server (log: ${daemon.log})`,
      deadlineMs: 20_000,
      everyMs: 15,
      signal: new AbortController().signal,
    })
  }
  await start()
  const signal = async (name: NodeJS.Signals) => await Promise.resolve(daemon?.kill(name))
  const sleeps = { freeze: async () => await signal('SIGSTOP'), thaw: async () => await signal('SIGCONT') }
  return { server: nameServer, zone, key, addressesOf, start, stop: async () => await daemon?.stop(), ...sleeps }
}

async function addressesOf(name: string): Promise<string[]> {
  const answer = await run('dig', ['+short', '+time=2', '+tries=2', `@${nameServer}`, name, 'A'])
  return answer.split('\n').filter(Boolean).sort()
}

function zoneText(records: Readonly<Record<string, readonly string[]>>): string {
  const lines = Object.entries(records).flatMap(([name, addresses]) => addresses.map((address) => `${name}. ${recordSeconds} IN A ${address}`))
  return [
    `$TTL 60`,
    `${zone}. IN SOA ns1.${zone}. hostmaster.${zone}. 1 60 10 3600 5`,
    `${zone}. IN NS ns1.${zone}.`,
    `ns1.${zone}. IN A ${nameServer}`,
    ...lines,
    '',
  ].join('\n')
}

function configText(folder: string, key: NameServer['key']): string {
  return `key "${key.name}" { algorithm ${key.algorithm}; secret "${key.secret}"; };
options {
  directory "${folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on { ${nameServer}; }; listen-on-v6 { none; };
  recursion no; notify no; dnssec-validation no; empty-zones-enable no; minimal-responses yes;
  allow-transfer { 192.0.2.0/24; };
};
controls { };
zone "${zone}" { type primary; file "zone"; allow-update { key ${key.name}; }; };
`
}

/** The world's mounts are its own, so the machine's resolv.conf stays as it is. */
async function useAsResolver(): Promise<void> {
  const file = path.join(worldFolder, 'resolv.conf')
  writeFileSync(file, `nameserver ${nameServer}\noptions timeout:1 attempts:2\n`)
  await run('mount', ['--bind', file, '/etc/resolv.conf'])
}
