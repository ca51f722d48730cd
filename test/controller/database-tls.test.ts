// `database:` over TLS: a PostgreSQL of Debian with a certificate of an authority that this test made.
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { makeAuthority } from '../support/authority.ts'
import { openDesk } from '../support/cli.ts'
import { startDebianPostgres } from '../support/debian-postgres.ts'

const page = 'project: shop\nproviders:\n  iron: { kind: static, nodes: [{ name: a, address: 192.0.2.1 }] }\ndatabase: env:DATABASE_URL\n'

test(
  'every connection is encrypted and sure of its server, or there is none and one sentence tells why',
  { skip: process.getuid?.() !== 0 && 'it needs root' },
  async (t) => {
    const desk = await openDesk(t)
    const folder = mkdtempSync(path.join(tmpdir(), 'lifeboat-authority-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const [ours, others] = [await makeAuthority(folder, 'ours'), await makeAuthority(folder, 'others')]
    const database = await startDebianPostgres(t, { address: '127.0.0.1', ...(await ours.sign('server', ['DNS:db.example', 'IP:127.0.0.1'])) })
    await desk.write(page)
    for (const { file } of [ours, others]) copyFileSync(file, path.join(desk.folder, path.basename(file)))
    const seen: string[] = []
    const status = async (options: string, host?: string, more: Readonly<Record<string, string>> = {}) => {
      const result = await desk.lifeboat(['status', '--json', '--verbose'], { DATABASE_URL: database.url(options, host), ...more })
      seen.push(result.stdout + result.stderr)
      return result
    }
    type Failure = { readonly code: string; readonly message: string; readonly hint: string }
    const refused = async (exit: number, code: string, message: RegExp, ...asked: Parameters<typeof status>) => {
      const { exitCode, stdout, stderr } = await status(...asked)
      const failure = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Failure
      assert.deepEqual([exitCode, failure.code], [exit, code], stdout + stderr)
      assert.match(failure.message, message)
      return failure.hint
    }

    const unknown = /^The database 127\.0\.0\.1:\d+\/lifeboat is not trusted: its certificate is signed by no authority that is named here\.$/
    const hint = await refused(3, 'database-certificate', unknown, '?sslmode=verify-full&sslrootcert=others.pem')
    assert.match(hint, /sslrootcert=FILE/)
    await refused(3, 'database-certificate', unknown, '?sslmode=verify-full')
    await refused(3, 'database-certificate', unknown, '?sslmode=require&sslrootcert=others.pem')
    const elsewhere =
      /^The database localhost:\d+\/lifeboat is not trusted: its certificate is not for localhost, but for DNS:db\.example, IP Address:127\.0\.0\.1\.$/
    await refused(3, 'database-certificate', elsewhere, '?sslmode=verify-full&sslrootcert=ours.pem', 'localhost')
    await refused(2, 'config-invalid', /^database: \/.*\/nowhere\.pem cannot be read \(ENOENT\)\.$/, '?sslmode=verify-full&sslrootcert=nowhere.pem')
    await refused(2, 'config-invalid', /^database: sslmode=prefer is none of /, '?sslmode=prefer')
    await refused(3, 'database-unreachable', /no encryption\.$/, '')

    // Where the environment has other wishes the URL is obeyed; the file is the one beside lifeboat.yaml.
    const trusted = await status('?sslmode=verify-full&sslrootcert=ours.pem', undefined, { PGSSLMODE: 'disable' })
    assert.equal(trusted.exitCode, 0, trusted.stdout + trusted.stderr)

    await t.test('the durable engine and our own connections alike', async () => {
      const connections = await database.query<{ application_name: string; ssl: boolean }>(
        `select application_name, ssl from pg_stat_activity join pg_stat_ssl using (pid) where usename = 'ops'`,
      )
      assert.ok(connections.length > 2, JSON.stringify(connections))
      assert.ok(
        connections.some(({ application_name }) => application_name.startsWith('dbos_')) && connections.some(({ application_name }) => application_name === ''),
      )
      assert.ok(connections.every(({ ssl }) => ssl))
    })

    await t.test('the password is nowhere', () => {
      const state = path.join(desk.folder, '.lifeboat')
      const { pid } = JSON.parse(readFileSync(path.join(state, 'controller.json'), 'utf8')) as { pid: number }
      const read = [`/proc/${pid}/cmdline`, path.join(state, 'controller.log'), path.join(state, 'controller.json')].map((file) => readFileSync(file, 'utf8'))
      for (const text of [...seen, ...read]) assert.ok(!text.includes(database.password), text)
    })
  },
)
