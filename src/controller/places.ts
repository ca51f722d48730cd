// Where the controller keeps things. Sockets live in a short private folder, because their path has at most 107 bytes.
import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { LifeboatError } from '../core/errors.ts'

/** Set-up links them there in a clone; an installed package brings them. */
export const helperFolder = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../../.lab/bin' : '../../helper')

export type Places = {
  readonly state: string
  readonly database: string
  /** Says where the moves went that were in the embedded database. */
  readonly moved: string
  readonly pulumi: string
  readonly knownHosts: string
  readonly reports: string
  /** Log of the controller and of its database. */
  readonly log: string
  readonly databaseLog: string
  /** 0700, short. */
  readonly sockets: string
  readonly socket: string
}

/** The places of a state folder; makes the folders (0700) that are missing. */
export function placesOf(stateFolder: string): Places {
  const state = resolve(stateFolder)
  const base = process.env['XDG_RUNTIME_DIR'] ?? tmpdir()
  const sockets = join(base, `lifeboat-${userInfo().uid}-${createHash('sha256').update(state).digest('hex').slice(0, 12)}`)
  for (const folder of [state, join(state, 'reports'), join(state, 'pulumi'), sockets]) make(folder)
  const found = statSync(sockets)
  if (found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) throw new LifeboatError('controller-unreachable', `${sockets} is not private to this user.`)
  return {
    state,
    database: join(state, 'db'),
    moved: join(state, 'database.moved'),
    pulumi: join(state, 'pulumi'),
    knownHosts: join(state, 'known_hosts'),
    reports: join(state, 'reports'),
    log: join(state, 'controller.log'),
    databaseLog: join(state, 'database.log'),
    sockets,
    socket: join(sockets, 'api.sock'),
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'
    throw new LifeboatError('config-invalid', `The folder ${folder} cannot be made (${code}); state: in lifeboat.yaml or --state names another one.`, { cause })
  }
}
