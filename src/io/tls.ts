// Whom to believe on the other side of a TLS connection. The check happens before a byte of ours is sent, so a password
// never reaches a stranger. Node calls `checkServerIdentity` only for chains that it trusts already, so a pin cannot be
// checked there: the handshake is let through and judged here.
import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { LifeboatError } from '../core/errors.ts'

/** Nothing: the authorities of this machine. `ca`: contents of a PEM file instead. `fingerprint`: exactly this leaf. */
export type Trust = { readonly fingerprint?: string | undefined; readonly ca?: string | undefined }

/** What the other side presented. `fingerprint`: SHA-256, `sha256:AB:CD:…`; `expiresAt`: ISO 8601. */
export type Presented = { readonly fingerprint: string; readonly expiresAt: string }

/**
 * A connector for undici that ends every connection to a certificate that is not trusted with `certificate-untrusted`;
 * `onTrusted` hears of every other one. Fails with config-invalid when `ca` is no certificate: Node would quietly believe nobody.
 */
export function trustingConnector(service: string, trust: Trust, timeoutMs: number, onTrusted: (presented: Presented) => void): buildConnector.connector {
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
      if (!(socket instanceof TLSSocket)) return callback(null, socket)
      // Asked for once: a second time Node answers that there is none.
      const certificate = socket.getPeerX509Certificate()
      const presented = certificate?.fingerprint256 ?? ''
      const why = distrust(socket, presented, trust)
      if (why !== null) {
        socket.destroy()
        return callback(untrusted(service, { presented, why }), null)
      }
      if (certificate !== undefined) onTrusted({ fingerprint: `sha256:${presented}`, expiresAt: new Date(certificate.validTo).toISOString() })
      return callback(null, socket)
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

/** Why a certificate is not believed; null: it is. */
function distrust(socket: TLSSocket, presented: string, trust: Trust): string | null {
  if (trust.fingerprint !== undefined) {
    return presented !== '' && presented === normalFingerprint(trust.fingerprint) ? null : 'is not the one that is pinned'
  }
  return socket.authorized ? null : `is not trusted here (${reasonOf(socket.authorizationError)})`
}

function untrusted(service: string, { presented, why }: { readonly presented: string; readonly why: string }): LifeboatError {
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
