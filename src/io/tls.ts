// Whom to believe on the other side of a TLS connection. The check happens before a byte of ours is sent, so a password
// never reaches a stranger. Node calls `checkServerIdentity` only for chains that it trusts already, so a pin cannot be
// checked there: the handshake is let through and judged here.
import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { LifeboatError } from '../core/errors.ts'

/** Nothing: the authorities of this machine. `ca`: contents of a PEM file instead. `fingerprint`: exactly this leaf. */
export type Trust = { readonly fingerprint?: string | undefined; readonly ca?: string | undefined }

/**
 * A connector for undici that ends every connection to a certificate that is not trusted with `certificate-untrusted`.
 * Fails with config-invalid when `ca` is no certificate: Node would quietly believe nobody.
 */
export function trustingConnector(service: string, trust: Trust, timeoutMs: number): buildConnector.connector {
  if (trust.ca !== undefined && !isCertificate(trust.ca)) {
    throw new LifeboatError('config-invalid', `What tls.ca gives for ${service} is not a certificate in PEM form.`)
  }
  const connect = buildConnector({
    timeout: timeoutMs,
    rejectUnauthorized: false,
    // A resumed session carries no certificate to look at.
    maxCachedSessions: 0,
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
  })
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null)
      const reason = socket instanceof TLSSocket ? distrust(socket, trust) : null
      if (reason === null) return callback(null, socket)
      socket.destroy()
      return callback(untrusted(service, reason), null)
    })
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

type Distrust = { readonly presented: string; readonly why: string }

function distrust(socket: TLSSocket, trust: Trust): Distrust | null {
  const presented = socket.getPeerX509Certificate()?.fingerprint256 ?? ''
  if (trust.fingerprint !== undefined) {
    const pinned = normalFingerprint(trust.fingerprint)
    return presented !== '' && presented === pinned ? null : { presented, why: 'is not the one that is pinned' }
  }
  if (socket.authorized) return null
  return { presented, why: `is not trusted here (${reasonOf(socket.authorizationError)})` }
}

function untrusted(service: string, { presented, why }: Distrust): LifeboatError {
  const how = `tls: { fingerprint: "sha256:${presented}" }`
  return new LifeboatError('certificate-untrusted', `${service} presented a certificate that ${why}; its SHA-256 is ${presented}, and ${how} pins it.`, {
    details: { fingerprint: `sha256:${presented}` },
  })
}

function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message
  return String(error)
}

/** A SHA-256 fingerprint as Node writes it: `AB:CD:…`, from any usual spelling; null when it is none. */
export function normalFingerprint(written: string): string | null {
  const digits = written
    .trim()
    .replace(/^sha-?256[:=\s]\s*/i, '')
    .replaceAll(':', '')
    .toUpperCase()
  return /^[0-9A-F]{64}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : null
}
