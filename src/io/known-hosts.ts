// known_hosts of the project: the keys that nodes had at first sight, as ssh writes them.
import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** `host` is what ssh wrote: the alias of a node, or the name of a jump host. */
export type HostKey = { readonly host: string; readonly kind: string; readonly key: string }

/** The lines of known_hosts that ssh writes: host, kind, key. Comments and markers are none. */
export function readKeys(text: string): readonly HostKey[] {
  return text.split('\n').flatMap((line) => {
    const [host = '', kind = '', key = ''] = line.trim().split(/\s+/)
    return host === '' || key === '' || /^[#@|]/.test(host) ? [] : [{ host, kind, key }]
  })
}

export function writeKeys(keys: readonly HostKey[]): string {
  return keys.map(({ host, kind, key }) => `${host} ${kind} ${key}\n`).join('')
}

export type Pinned = {
  /** Kinds of keys that are known of this host: it has to show one of them. Empty: it was never seen. */
  readonly kinds: readonly string[]
  /** Whether this key, as it goes over the wire, is the one that was seen first; of a host that was never seen it is kept. */
  readonly accept: (key: Buffer) => boolean
}

/** What is known of this host in this file, read anew. */
export async function pinned(file: string, host: string): Promise<Pinned> {
  const known = readKeys(await readFile(file, 'utf8').catch(() => '')).filter((each) => each.host === host)
  return {
    kinds: known.map(({ kind }) => kind),
    accept: (wire) => {
      const shown = { host, kind: kindOf(wire), key: wire.toString('base64') }
      if (known.length > 0) return known.some(({ kind, key }) => kind === shown.kind && key === shown.key)
      // Before anything is sent to it; once in the life of a node.
      appendFileSync(file, writeKeys([shown]), { mode: 0o600 })
      return true
    },
  }
}

/** A key begins with the length and the name of its kind. */
function kindOf(wire: Buffer): string {
  return wire.subarray(4, 4 + wire.readUInt32BE(0)).toString('latin1')
}
