// The zone of a world, read and changed by somebody else than Lifeboat.
import { run } from '../../lab/command.ts'
import type { NameServer } from '../../lab/names.ts'

/** As long as Lifeboat makes it, so that nobody waits for an older one to run out. */
const ttl = 5

/** Gives a name these addresses and no others. */
export async function pointName(names: NameServer, name: string, addresses: readonly string[]): Promise<void> {
  const added = addresses.map((address) => `update add ${name} ${ttl} ${address.includes(':') ? 'AAAA' : 'A'} ${address}`)
  const input = [`server ${names.server}`, `zone ${names.zone}`, `update delete ${name} A`, `update delete ${name} AAAA`, ...added, 'send', ''].join('\n')
  await run('nsupdate', ['-y', `${names.key.algorithm}:${names.key.name}:${names.key.secret}`], { input })
}

/** Its addresses of both families, in the order of their text. */
export async function addressesOfName(names: NameServer, name: string): Promise<string[]> {
  return (await run('dig', ['+short', `@${names.server}`, name, 'A', name, 'AAAA'])).split('\n').filter(Boolean).sort()
}

/** It rises by one with each change. */
export async function serialOf(names: NameServer): Promise<number> {
  return Number((await run('dig', ['+short', `@${names.server}`, names.zone, 'SOA'])).split(' ')[2])
}
