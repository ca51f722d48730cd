// What PostgreSQL keeps of a password (RFC 5803, SCRAM-SHA-256). Giving it this in place of the password keeps that out of
// statements, and so out of its log.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

const iterations = 4096

/** For ALTER ROLE … PASSWORD. Passwords must be ASCII: nothing is normalised here. */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const keyed = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const storedKey = createHash('sha256').update(keyed(salted, 'Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${keyed(salted, 'Server Key').toString('base64')}`
}
