// How the engine's plugin reaches the vCenter: all of it by its environment, so that no state holds a log-in.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Provider } from '@pulumi/vsphere'
import { LifeboatError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { trustOf } from '../https-api.ts'
import type { ReadFailure } from '../provider.ts'
import type { VsphereConfig } from './schema.ts'

/** Fails with config-invalid where the plugin could not check what our own client checks. */
export function pluginEnvironment(name: string, { url, user, password, tls }: VsphereConfig): Record<string, string | Secret> {
  const { protocol, host } = new URL(url)
  const { ca, fingerprint } = trustOf(tls)
  if (protocol !== 'https:') throw new LifeboatError('config-invalid', `providers.${name}.url: a vCenter that nodes are made at is reached by https.`)
  if (fingerprint !== undefined) {
    throw new LifeboatError(
      'config-invalid',
      `providers.${name}.tls: the vsphere plugin cannot check a fingerprint; give the certificate itself, or its authority, as tls.ca.`,
    )
  }
  return {
    VSPHERE_SERVER: host,
    VSPHERE_USER: user,
    VSPHERE_PASSWORD: password,
    VSPHERE_ALLOW_UNVERIFIED_SSL: 'false',
    // What the caller's own environment says of these must not win.
    VSPHERE_VIM_SESSION_PATH: '',
    VSPHERE_PERSIST_SESSION: 'false',
    ...(ca === undefined ? {} : { SSL_CERT_FILE: fileOf(ca) }),
  }
}

const files = new Map<string, string>()

/** A program in Go believes a file beside the machine's own authorities. It goes with this process. */
function fileOf(pem: string): string {
  const known = files.get(pem)
  if (known !== undefined) return known
  const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-ca-'))
  const file = path.join(folder, 'ca.pem')
  writeFileSync(file, pem)
  files.set(pem, file)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return file
}

/** The explicit provider of a stack. */
export function explicitProvider(name: string): Provider {
  return new Provider(name)
}

const refused =
  /\b(InsufficientResources\w*|InsufficientCpu\w*|InsufficientMemory\w*|InsufficientStandby\w*|NoDiskSpace|NoPermission|LicenseRestricted|NotEnoughLicenses)\b|insufficient (resources|disk space|capacity)|not enough (licenses|space)|permission to perform this operation was denied/i

const unreachable =
  /\b(InvalidLogin|NotAuthenticated|ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ECONNRESET)\b|incorrect user name or password|session is not authenticated|connection refused|no such host|i\/o timeout|no route to host|x509: |503 Service Unavailable/i

export const readVsphereFailure: ReadFailure = (message) => {
  if (refused.test(message)) return 'refused'
  return unreachable.test(message) ? 'unreachable' : null
}
