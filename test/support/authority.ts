// A certificate authority of a test, and what it signs.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from '../../lab/command.ts'

export type Authority = {
  /** PEM file of its certificate. */
  readonly file: string
  /** Makes NAME.pem and NAME.key in its folder, for these subject alternative names (`DNS:db.example`, `IP:192.0.2.9`). */
  readonly sign: (name: string, alternatives: readonly string[]) => Promise<{ readonly certificate: string; readonly key: string }>
}

export async function makeAuthority(folder: string, name: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true })
  const at = (file: string): string => path.join(folder, file)
  const openssl = async (...words: readonly string[]): Promise<void> => void (await run('openssl', words))
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const [file, key] = [at(`${name}.pem`), at(`${name}.key`)]
  await openssl('req', '-x509', ...newKey, '-days', '30', '-subj', `/CN=${name}`, '-keyout', key, '-out', file)
  return {
    file,
    sign: async (signed, alternatives) => {
      const [certificate, own, request, extensions] = [at(`${signed}.pem`), at(`${signed}.key`), at(`${signed}.csr`), at(`${signed}.ext`)]
      writeFileSync(extensions, `subjectAltName=${alternatives.join(',')}\n`)
      await openssl('req', '-new', ...newKey, '-subj', `/CN=${signed}`, '-keyout', own, '-out', request)
      await openssl('x509', '-req', '-in', request, '-CA', file, '-CAkey', key, '-CAcreateserial', '-days', '30', '-extfile', extensions, '-out', certificate)
      return { certificate, key: own }
    },
  }
}
