// Adapters of the simulated world: what the product uses in place of a provider, a name server, a mover, ssh and Pulumi.
// `registerKinds` adds the kind `simulated` to the lists of a process, so that a lifeboat.yaml may name it there.
import { z } from 'zod'
import { dns, kinds, movers, providers } from '../../src/adapters.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { nodeSchema } from '../../src/core/node.ts'
import type { DnsProvider, NameState } from '../../src/dns/provider.ts'
import type { SshTarget } from '../../src/io/ssh.ts'
import type { Difference, Mover, Pair } from '../../src/movers/mover.ts'
import type { Link } from '../../src/nodes/link.ts'
import type { Source, Target } from '../../src/providers/provider.ts'
import type { Ask, Question } from './asking.ts'

const kindOf = (what: string) => z.strictObject({ kind: z.literal('simulated').describe(what) })

export function registerKinds(ask: Ask): void {
  const provider = kindOf('A provider of a simulated world.')
  const zone = kindOf('A zone of a simulated world.')
  const data = kindOf('Data of simulated machines.').extend({ name: z.string().optional().describe('How reports name it.') })
  Object.assign(providers, {
    simulated: { schema: provider, source: async (name: string) => sourceOf(ask, name), target: async (name: string) => targetOf(ask, name) },
  })
  Object.assign(dns, { simulated: { schema: zone, connect: async () => dnsOf(ask) } })
  Object.assign(movers, { simulated: { schema: data, connect: async () => moverOf() } })
  const lists: { readonly providers: z.ZodType[]; readonly dns: z.ZodType[]; readonly data: z.ZodType[] } = kinds
  lists.providers.push(provider)
  lists.dns.push(zone)
  lists.data.push(data)
}

export function sourceOf(ask: Ask, provider: string): Source {
  const question = async (op: string, args: Question['args'], signal: AbortSignal) => await ask({ part: 'source', of: provider, op, move: '', args }, signal)
  return {
    nodes: async (signal) => {
      const { nodes } = await question('nodes', {}, signal)
      return { nodes: z.array(nodeSchema).parse(nodes), complete: true, warnings: [] }
    },
    power: async (id, wanted, signal) => void (await question('power', { id, wanted }, signal)),
    snapshot: async (id, name, signal) => void (await question('snapshot', { id, name }, signal)),
    network: async (id, wanted, signal) => void (await question('network', { id, wanted }, signal)),
    close: async () => await Promise.resolve(),
  }
}

const small = {
  name: 'small',
  cpus: 1,
  memoryMiB: 1024,
  architecture: 'x86_64',
  currentGeneration: true,
  bareMetal: false,
  burstable: false,
  maxNics: 4,
  maxVolumes: 8,
  bootModes: ['bios', 'efi'],
  nvme: false,
  ena: false,
  monthlyPrice: { amount: 5, currency: 'EUR' },
} as const

export function targetOf(ask: Ask, provider: string): Target {
  const stackQuestion = async (of: string, op: string, move: string, args: Question['args'], signal: AbortSignal) =>
    await ask({ part: 'stack', of, op, move, args }, signal)
  return {
    catalog: () => ({
      kind: 'simulated',
      takenAt: '2026-01-01',
      origin: 'a simulated world',
      sizes: [small],
      systemDiskGiB: 8,
      volumePrice: { amount: 0.1, currency: 'EUR' },
      addressPrice: { amount: 1, currency: 'EUR' },
    }),
    shared: async () => await Promise.resolve({ network: provider }),
    data: null,
    component: async (move, { shared }) => await Promise.resolve({ provider, node: move.name, size: move.to.size, network: shared['network'] ?? null }),
    address: ({ address }) => {
      if (typeof address === 'string') return { public: address, private: null }
      throw new LifeboatError('provision-failed', 'The simulated machine has no address yet.')
    },
    engine: { environment: {}, readFailure: () => null },
    find: async ({ name }, signal) => {
      const { id } = await stackQuestion(name, 'find', '', {}, signal)
      return typeof id === 'string' ? id : null
    },
    markHoldsData: async (outputs, signal) => void (await stackQuestion('', 'mark', '', outputs, signal)),
    holdsData: async (outputs, signal) => (await stackQuestion('', 'marked', '', outputs, signal))['holdsData'] === true,
  }
}

const stateSchema = z.array(
  z.object({
    name: z.string(),
    a: z.array(z.string()),
    aaaa: z.array(z.string()),
    ttl: z.number().nullable(),
    epoch: z.object({ token: z.number(), owner: z.string() }).nullable(),
  }),
)
/** RFC 5737: nobody. */
const authority = { address: '192.0.2.53', port: 53 }

export function dnsOf(ask: Ask): DnsProvider {
  const moveOf = (name: string | undefined): string => name?.split('.')[0] ?? ''
  const read = async (names: readonly string[], signal: AbortSignal): Promise<readonly NameState[]> =>
    stateSchema.parse((await ask({ part: 'zone', of: 'zone', op: 'read', move: moveOf(names[0]), args: { names } }, signal))['states'])
  return {
    keepsEpoch: true,
    read,
    readAt: async (_authority, names, signal) => await read(names, signal),
    swap: async (swaps, signal) => void (await ask({ part: 'zone', of: 'zone', op: 'swap', move: moveOf(swaps[0]?.name), args: { swaps } }, signal)),
    authorities: async () => await Promise.resolve([authority]),
    proveWrite: async () => await Promise.resolve(),
  }
}

const passSchema = z.object({ movedBytes: z.number(), movedFiles: z.number(), remainingBytes: z.number(), lagSeconds: z.number() })
const differences = z.array(z.object({ path: z.string(), what: z.string() }))
const secondsSince = (began: number): number => (performance.now() - began) / 1000

export function moverOf(): Mover {
  const copy = async ({ from, to }: Pair, what: string, signal: AbortSignal, args: Question['args'] = {}) =>
    await to.call({ op: 'copy', what, from: from.address, ...args }, signal)
  const nothing = async (): Promise<void> => await Promise.resolve()
  return {
    prepare: async (pair, signal) => {
      const { files, bytes } = await copy(pair, 'prepare', signal)
      return { files: Number(files), bytes: Number(bytes), warnings: [] }
    },
    sync: async (pair, kind, signal) => {
      const began = performance.now()
      const pass = passSchema.parse(await copy(pair, 'sync', signal, { kind }))
      return { ...pass, seconds: secondsSince(began) }
    },
    verify: async (pair, signal): Promise<readonly Difference[]> => differences.parse((await copy(pair, 'verify', signal))['differences']),
    audit: async (pair, kind, signal) => {
      const began = performance.now()
      const found = await copy(pair, 'audit', signal)
      const looked = kind === 'changed' ? ('changed' as const) : ('everything' as const)
      return { kind: looked, files: Number(found['files']), seconds: secondsSince(began), differences: differences.parse(found['differences']) }
    },
    promote: nothing,
    reverse: nothing,
    release: nothing,
  }
}

/** What commands on a node say that is not asked of the world. */
const told: Readonly<Record<string, (address: string) => string>> = {
  true: () => '',
  cat: () => 'ssh-ed25519 AAAAC3Nz run',
  'cat /etc/ssh/ssh_host_*_key.pub': () => 'ssh-ed25519 AAAAC3Nz host',
  'echo "$SSH_CONNECTION"': () => '192.0.2.1 1 192.0.2.2 22',
  'cat /proc/net/tcp /proc/net/tcp6 2>/dev/null': () => '',
  ip: (address) => `2: eth0 inet ${address}/24 scope global eth0`,
}

export function linkOf(ask: Ask): (place: SshTarget, move: string) => Link {
  return (place, move) => {
    const question = async (op: string, args: Question['args'], signal: AbortSignal, deadlineMs?: number) =>
      await ask({ part: 'node', of: place.address, op, move, args }, signal, deadlineMs)
    const refuse = async (): Promise<never> =>
      await Promise.reject(new LifeboatError('node-failed', `${place.address} is simulated: nothing is connected or carried there.`))
    return {
      address: place.address,
      port: place.port,
      user: place.user,
      folder: `/var/lib/lifeboat/${move}`,
      run: async (command, { signal, deadlineMs }) => {
        const [program = '', , script = ''] = command
        const word = program === 'sh' ? script : program
        const say = told[word]
        if (word === '') return { exitCode: 1, stdout: '', stderr: 'a simulated node has no inside' }
        const { exitCode } = await question(say === undefined ? 'run' : 'is-installed', {}, signal, deadlineMs)
        return { exitCode: Number(exitCode ?? 0), stdout: say?.(place.address) ?? '', stderr: '' }
      },
      sshConfig: (host) => `Host ${host}\n`,
      call: async ({ op, ...args }, signal, deadlineMs) => await question(op, args, signal, deadlineMs),
      dialPeer: refuse,
      dialRehearsed: refuse,
      carryPeer: async () => await Promise.resolve(false),
      install: async (signal) => void (await question('install', {}, signal)),
      isInstalled: async (signal) => (await question('is-installed', {}, signal))['installed'] === true,
      close: async () => await Promise.resolve(),
    }
  }
}
