// Who listens, and whom the node talks to: sockets, the processes that hold them, their units and packages.
import type { Section } from './answer.ts'
import { processesOf, type Owner } from './processes.ts'
import type { Connection, Listener } from './schema.ts'

const nobody: Owner = { unit: null, program: null }

export function readListeners(section: Section): Listener[] {
  const owners = ownersOf(section)
  const packages = packagesOf(section)
  const found = new Map<string, Listener>()
  for (const { kind, address, port, inode } of socketsOf(section)) {
    if (kind === 'to') continue
    const owner = owners.get(inode) ?? nobody
    const listener = { protocol: kind, address, port, ...owner, package: packages.get(owner.program ?? '') ?? null }
    // Several sockets of one service share a port (SO_REUSEPORT).
    found.set(`${kind} ${address} ${port} ${owner.unit}`, listener)
  }
  return [...found.values()].sort((a, b) => a.port - b.port)
}

export function readConnections(section: Section): Connection[] {
  const owners = ownersOf(section)
  return socketsOf(section)
    .filter(({ kind, address }) => kind === 'to' && !/^(127\.|::1$|0\.0\.0\.0$|::$)/.test(address))
    .map(({ address, port, inode }) => ({ address, port, ...(owners.get(inode) ?? nobody) }))
}

type Socket = { readonly kind: 'tcp' | 'udp' | 'to'; readonly address: string; readonly port: number; readonly inode: string }

function socketsOf(section: Section): Socket[] {
  return section.rows('socket').flatMap((row): Socket[] => {
    const [kind, end = '', inode = ''] = row.split(' ')
    const [, hexAddress = '', hexPort = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(end) ?? []
    if ((kind !== 'tcp' && kind !== 'udp' && kind !== 'to') || hexPort === '') return []
    return [{ kind, address: addressOf(hexAddress), port: Number.parseInt(hexPort, 16), inode }]
  })
}

/** /proc/net writes addresses as 32-bit words of a little-endian machine. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse())
  if (bytes.length === 4) return bytes.join('.')
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return isMapped ? bytes.slice(12).join('.') : shortened(bytes)
}

function shortened(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Inode -> whose it is. */
function ownersOf(section: Section): ReadonlyMap<string, Owner> {
  const processes = processesOf(section)
  return new Map(
    section.rows('owner').map((row): [string, Owner] => {
      const [inode = '', pid = ''] = row.split(' ')
      return [inode, processes.get(pid) ?? nobody]
    }),
  )
}

function packagesOf(section: Section): ReadonlyMap<string, NonNullable<Listener['package']>> {
  const configuration = Map.groupBy(section.rows('config'), (row) => row.split('\t')[0] ?? '')
  return new Map(
    section.rows('package').map((row) => {
      const [program = '', name = '', version = ''] = row.split('\t')
      const files = (configuration.get(name) ?? []).map((line) => line.slice(name.length + 1))
      return [program, { name, version, configuration: files }]
    }),
  )
}
