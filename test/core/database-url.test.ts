// How the URL behind `database:` is read: as libpq does, whatever node-postgres makes of it.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Client } from 'pg'
import { connectionUrl, labelOf } from '../../src/core/database-url.ts'
import { Secret } from '../../src/core/secret.ts'

const beside = (path: string): string => `/srv/shop/${path}`
/** What node-postgres makes of it. */
const clientOf = (url: Secret): Client => new Client({ connectionString: url.reveal() })
const read = (options: string, elsewhere?: string) =>
  new URL(connectionUrl(new Secret(`postgresql://ops@db.example/shop${options}`), beside, elsewhere).reveal()).searchParams

test('sslmode means what libpq means', () => {
  const ssl = (options: string): unknown => clientOf(connectionUrl(new Secret(`postgresql://ops@db.example/shop${options}`), beside)).ssl
  assert.equal(ssl(''), false)
  assert.equal(ssl('?sslmode=disable'), false)
  assert.deepEqual({ ...(ssl('?sslmode=require') as object) }, { rejectUnauthorized: false })
  assert.deepEqual({ ...(ssl('?sslmode=no-verify') as object) }, { rejectUnauthorized: false })
  assert.deepEqual({ ...(ssl('?sslmode=verify-full') as object) }, {})
  assert.deepEqual({ ...(ssl('?sslmode=verify-full&sslrootcert=system') as object) }, {})
})

test('what cannot be kept is refused in one sentence', () => {
  for (const [options, sentence] of [
    ['?sslmode=prefer', /^database: sslmode=prefer is none of .*; it leaves to the server whether anything is encrypted\.$/],
    ['?sslmode=allow', /^database: sslmode=allow is none of .*; it leaves to the server/],
    ['?sslmode=Require', /^database: sslmode=Require is none of disable, require, verify-ca, verify-full, no-verify\.$/],
    ['?sslmode=verify-ca', /^database: sslmode=verify-ca needs sslrootcert=FILE/],
    ['?sslmode=verify-ca&sslrootcert=system', /^database: sslmode=verify-ca needs sslrootcert=FILE/],
    ['?sslmode=require&sslrootcert=system', /^database: sslrootcert=system needs sslmode=verify-full/],
    ['?ssl=true', /^database: ssl= is not known to libpq/],
  ] as const)
    assert.throws(() => read(options), { code: 'config-invalid', message: sentence })
})

test('files stand beside lifeboat.yaml, and the environment says what the URL does not', () => {
  assert.equal(read('?sslmode=verify-full&sslrootcert=ca.pem').get('sslrootcert'), '/srv/shop/ca.pem')
  assert.equal(read('', 'require').get('sslmode'), 'require')
  assert.equal(read('?sslmode=verify-full', 'disable').get('sslmode'), 'verify-full')
  assert.equal(read('?host=/run/postgresql', 'require').get('sslmode'), 'disable', 'a socket has no TLS')
  assert.throws(() => read('', 'prefer'), { code: 'config-invalid' })
})

test('user, password and name stay what they were, whatever they hold', () => {
  const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('\0') && text.isWellFormed())
  fc.assert(
    fc.property(word, word, (user, password) => {
      const written = new Secret(`postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db.example:5433/shop?options=-c%20work_mem%3D1MB`)
      const url = connectionUrl(written, beside)
      const client = clientOf(url)
      assert.deepEqual([client.user, client.password, client.host, client.port, client.database], [user, password, 'db.example', 5433, 'shop'])
      assert.match(new URL(url.reveal()).searchParams.get('options') ?? '', /^-c work_mem=1MB -c tcp_keepalives_idle=\d+ /)
      assert.equal(labelOf(url), 'db.example:5433/shop')
    }),
  )
  // A percent sign that stands for itself.
  assert.equal(clientOf(connectionUrl(new Secret('postgresql://ops:100%zz@db.example/shop'), beside)).password, '100%zz')
})
