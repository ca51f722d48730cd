// Knot DNS as the name server of a test.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { prepareServer, runServer, shopZone, type NameServer } from './dns-server.ts'

/** Starts `knotd` on a free loopback port. */
export async function startKnot(t: TestContext, records: readonly string[] = shopZone): Promise<NameServer> {
  const prepared = await prepareServer(t, 'shop.example')
  const { folder, port, zone, secret, keyName } = prepared
  await writeFile(join(folder, `${zone}.zone`), `${records.join('\n')}\n`)
  await mkdir(join(folder, 'run'))
  await writeFile(
    join(folder, 'knot.conf'),
    `server:
  rundir: ${folder}/run
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 2
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: ${folder}
key:
  - id: ${keyName}
    algorithm: hmac-sha256
    secret: ${secret}
acl:
  - id: changes
    key: ${keyName}
    action: update
zone:
  - domain: ${zone}
    storage: ${folder}
    file: ${zone}.zone
    zonefile-sync: -1
    acl: changes
`,
  )
  return await runServer(t, 'knotd', ['-c', join(folder, 'knot.conf')], prepared)
}
