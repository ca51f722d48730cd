// BIND as the name server of a test.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TsigKey } from '../../src/dns/rfc2136/tsig.ts'
import { prepareServer, runServer, shopZone, type NameServer } from './dns-server.ts'

export type BindOptions = {
  readonly algorithm?: TsigKey['algorithm']
  readonly zone?: string
  /** Lines of the zone file. */
  readonly records?: readonly string[]
  /** Names (with everything below) that the key may change; default: the whole zone. */
  readonly grant?: readonly string[]
  /** Follow this server instead of holding the zone. */
  readonly secondaryOf?: NameServer
  /** Hold nothing, ask this server and keep its answers for a minute, whatever their time to live: a cache as some clients have it. */
  readonly cacheOf?: NameServer
  readonly moreZones?: Readonly<Record<string, readonly string[]>>
}

/** Starts `named` on a free loopback port. */
export async function startBind(t: TestContext, options: BindOptions = {}): Promise<NameServer> {
  const prepared = await prepareServer(t, options.zone ?? 'shop.example', options.algorithm)
  const { folder, port, zone, secret, keyName } = prepared
  const rights =
    options.grant === undefined
      ? `allow-update { key ${keyName}; };`
      : `update-policy { ${options.grant.map((name) => `grant ${keyName} name ${name} A AAAA TXT;`).join(' ')} };`
  const zones = options.cacheOf !== undefined ? {} : { [zone]: options.records ?? shopZone, ...options.moreZones }
  const blocks: string[] = []
  for (const [name, lines] of Object.entries(zones)) {
    const file = join(folder, `${name}.zone`)
    if (options.secondaryOf === undefined) await writeFile(file, `${lines.join('\n')}\n`)
    const primary = options.secondaryOf
    blocks.push(
      primary === undefined
        ? `zone "${name}" { type primary; file "${file}"; ${rights} };`
        : `zone "${name}" { type secondary; file "${file}"; primaries port ${primary.port} { ${primary.address}; }; min-refresh-time 1; max-refresh-time 2; };`,
    )
  }
  await writeFile(
    join(folder, 'named.conf'),
    `key "${keyName}" { algorithm ${prepared.algorithm}; secret "${secret}"; };
options {
  directory "${folder}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  ${recursion(options.cacheOf)} notify no; allow-transfer { 127.0.0.1; }; dnssec-validation no; empty-zones-enable no; minimal-responses yes;
};
controls { };
${blocks.join('\n')}
`,
  )
  return await runServer(t, 'named', ['-g', '-n', '1', '-c', join(folder, 'named.conf')], prepared)
}

function recursion(upstream: NameServer | undefined): string {
  if (upstream === undefined) return 'recursion no;'
  return `recursion yes; forward only; forwarders port ${upstream.port} { ${upstream.address}; }; min-cache-ttl 60;`
}
