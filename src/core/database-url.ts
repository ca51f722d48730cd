// The URL behind `database:`. It may hold a password, so only its label is ever shown.
import { LifeboatError } from './errors.ts'
import { Secret } from './secret.ts'

/** How the database of a state folder is called where another one has host and name. */
export const embeddedLabel = 'the embedded database'

/** Host and name of a database, for people: never user, password or options. Fails with config-invalid when it is no such URL. */
export function labelOf(url: Secret): string {
  return labelIn(parsed(url))
}

/**
 * The same URL, so that the durable engine and our own connections read it alike, and as libpq does: its `sslmode` is said,
 * its files are paths from the root (`pathOf`), and the server ends what nobody holds any more. `sslmodeElsewhere`: what the
 * environment says where the URL does not. Fails with config-invalid.
 */
export function connectionUrl(written: Secret, pathOf: (path: string) => string, sslmodeElsewhere?: string): Secret {
  const url = parsed(written)
  const options = url.searchParams
  const host = options.get('host') ?? decodeURIComponent(url.hostname)
  const isSocket = host === '' || host.startsWith('/')
  const mode = options.get('sslmode') ?? (isSocket ? undefined : sslmodeElsewhere) ?? 'disable'
  settleTls(options, mode)
  for (const name of files) {
    const path = options.get(name)
    if (path !== null) options.set(name, pathOf(path))
  }
  options.set('options', [options.get('options') ?? '', ...serverSettings].join(' ').trim())
  // A percent sign that stands for itself would have the whole line encoded once more.
  url.password = encodeURIComponent(decodedOr(url.password))
  return new Secret(url.toString())
}

const files = ['sslrootcert', 'sslcert', 'sslkey']

/**
 * A machine that loses its power says no goodbye, and a server waits for two hours: until then it would hold the lock of
 * that state folder, and what a process that is only stopped has begun to write keeps others from the same row.
 */
const serverSettings = ['-c tcp_keepalives_idle=5', '-c tcp_keepalives_interval=2', '-c idle_in_transaction_session_timeout=10s']

/** What node-postgres reads differs from libpq by its version; with `uselibpqcompat` it does the same. */
function settleTls(options: URLSearchParams, mode: string): void {
  const authorities = options.get('sslrootcert')
  if (options.has('ssl')) throw refused('ssl= is not known to libpq; write sslmode=verify-full, or another mode')
  if (!modes.includes(mode))
    throw refused(`sslmode=${mode} is none of ${modes.join(', ')}${waverers.includes(mode) ? '; it leaves to the server whether anything is encrypted' : ''}`)
  if (mode === 'verify-ca' && (authorities === null || authorities === 'system'))
    throw refused('sslmode=verify-ca needs sslrootcert=FILE: any other authority signs for everybody')
  if (authorities === 'system') {
    if (mode !== 'verify-full') throw refused(`sslrootcert=system needs sslmode=verify-full, not ${mode}`)
    options.delete('sslrootcert')
  }
  // Its own word for what libpq calls require without an authority.
  if (mode === 'no-verify') options.delete('sslrootcert')
  options.set('sslmode', mode === 'no-verify' ? 'require' : mode)
  options.set('uselibpqcompat', 'true')
}

const modes = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify']
const waverers = ['allow', 'prefer']

function refused(why: string): LifeboatError {
  return new LifeboatError('config-invalid', `database: ${why}.`)
}

function parsed(url: Secret): URL {
  const text = url.reveal()
  const found = URL.canParse(text) ? new URL(text) : null
  if (found === null || !['postgres:', 'postgresql:'].includes(found.protocol) || found.pathname.slice(1) === '')
    throw refused('leads to no URL like postgresql://USER:PASSWORD@HOST/DATABASE')
  return found
}

function labelIn(url: URL): string {
  return `${url.searchParams.get('host') ?? url.host}/${url.pathname.slice(1)}`
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
