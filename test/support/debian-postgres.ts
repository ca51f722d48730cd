// A PostgreSQL of Debian, as people run theirs: with TLS, passwords and an address. It is that of the nodes' image, started
// from there in mounts and processes of its own.
import { spawn } from 'node:child_process'
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { image } from '../../lab/place.ts'
import { waitUntil } from '../../src/io/wait.ts'

export type DebianPostgres = {
  readonly address: string
  readonly port: number
  /** Of the role `ops`, which owns the database `lifeboat`. */
  readonly password: string
  /** `postgresql://ops:…@HOST:PORT/lifeboat?OPTIONS`; the host is its address unless said otherwise. */
  readonly url: (options: string, host?: string) => string
  /** Runs one statement as the superuser, on a connection of its own. */
  readonly query: <Row extends Record<string, unknown>>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>
}

type Test = { readonly after: (act: () => Promise<void>) => void }
type Place = { readonly address: string; readonly certificate: string; readonly key: string }

const start = `set -e
image=$1 folder=$2 port=$3 address=$4
mount --bind "$folder" "$image/mnt"
mount --rbind /dev "$image/dev"
bin=/usr/lib/postgresql/15/bin
as() { chroot --userspec=postgres:postgres "$image" "$@"; }
as $bin/initdb -D /mnt/data -U postgres -A trust -E UTF8 --no-locale --no-sync >/dev/null
printf '%s\\n' 'local all all trust' 'hostssl all all all scram-sha-256' > "$folder/data/pg_hba.conf"
exec chroot --userspec=postgres:postgres "$image" $bin/postgres -D /mnt/data -p "$port" -c listen_addresses="$address" \\
  -c unix_socket_directories=/mnt -c ssl=on -c ssl_cert_file=/mnt/server.pem -c ssl_key_file=/mnt/server.key -c dynamic_shared_memory_type=mmap`

/** Only over TLS, only with a password, only at this address. It needs root. */
export async function startDebianPostgres(test: Test, { address, certificate, key }: Place): Promise<DebianPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-debian-'))
  const owner = ownerIn(image)
  const [data, ...files] = ['data', 'server.pem', 'server.key'].map((name) => path.join(folder, name))
  mkdirSync(data ?? '', { mode: 0o700 })
  for (const [at, from] of [certificate, key].entries()) copyFileSync(from, files[at] ?? '')
  for (const each of [folder, data ?? '', ...files]) chownSync(each, owner.uid, owner.gid)
  writeFileSync(files[1] ?? '', readFileSync(key), { mode: 0o600 })

  const port = await freePort()
  const spaces = ['--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc', '--propagation', 'private']
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...spaces, 'sh', '-c', start, 'sh', image, folder, String(port), address], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  test.after(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  const password = 'hunter-2-secret'
  const query: DebianPostgres['query'] = async (sql, values = []) => await ask(folder, port, 'lifeboat', sql, values)
  await waitUntil(
    async () =>
      await ask(folder, port, 'postgres', 'select 1 as one', []).then(
        () => true,
        () => (child.exitCode === null ? null : Promise.reject(new Error(said))),
      ),
    {
      what: `A start of PostgreSQL (${said})`,
      deadlineMs: 60_000,
      everyMs: 100,
      signal: AbortSignal.timeout(70_000),
    },
  )
  await ask(folder, port, 'postgres', `create role ops login password '${password}'`, [])
  await ask(folder, port, 'postgres', 'create database lifeboat owner ops', [])
  return { address, port, password, query, url: (options, host = address) => `postgresql://ops:${password}@${host}:${port}/lifeboat${options}` }
}

async function ask<Row extends Record<string, unknown>>(socket: string, port: number, database: string, sql: string, values: readonly unknown[]) {
  const client = new Client({ host: socket, port, database, user: 'postgres' })
  await client.connect()
  try {
    return (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

function ownerIn(root: string): { readonly uid: number; readonly gid: number } {
  const line = readFileSync(path.join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .find((each) => each.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
