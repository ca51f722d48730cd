// Certificates of the lab's own services, signed by themselves.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { run } from './command.ts'

export type Certificate = {
  /** PEM, as they also stand in certificate.pem and key.pem of the folder. */
  readonly cert: string
  readonly key: string
  /** SHA-256, `sha256:AB:CD:…`. */
  readonly fingerprint: string
}

/** Makes a key and a certificate for a name and an address, in this folder. */
export async function makeCertificate(folder: string, name: string, address: string): Promise<Certificate> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const [certificate, key] = [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:${address}`]
  await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate])
  const cert = readFileSync(certificate, 'utf8')
  return { cert, key: readFileSync(key, 'utf8'), fingerprint: `sha256:${new X509Certificate(cert).fingerprint256}` }
}
