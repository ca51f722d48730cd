import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { parseConfig } from '../../src/config/load.ts'
import { exitStatusOf, LifeboatError } from '../../src/core/errors.ts'
import { kinds, small } from './kinds.ts'

function failure(text: string): LifeboatError {
  try {
    parseConfig({ text, baseFolder: '/srv' }, kinds)
  } catch (error) {
    assert.ok(error instanceof LifeboatError, inspect(error))
    return error
  }
  return assert.fail('was accepted')
}

describe('a lifeboat.yaml with a mistake', () => {
  const mistakes: readonly [title: string, text: string, code: string, message: string | RegExp][] = [
    [
      'names the nearest key for an unknown one',
      small.replace('region:', 'regoin:'),
      'config-unknown-key',
      /^providers\.new\.regoin: is not known here; did you mean region\? \(line 4\)\./,
    ],
    [
      'names the nearest key at the top',
      `${small}serivces: []\nmove: {}\n`,
      'config-unknown-key',
      /^serivces: is not known here; .*\(line 12\)\. There is one more problem, on line 13\.$/,
    ],
    [
      'names the nearest kind',
      small.replace('kind: aws', 'kind: asw'),
      'config-invalid',
      'providers.new.kind: must be one of vsphere, vcloud, terremark, static, aws; did you mean aws? (line 4).',
    ],
    ['says what is missing', small.replace('user: ops, ', ''), 'config-invalid', 'providers.old.user: is missing (line 3).'],
    ['says what has no value', small.replace('project: shop', 'project:'), 'config-invalid', 'project: has no value (line 1).'],
    [
      'says what a name may look like',
      small.replace('web-1:', 'Web_1:'),
      'config-invalid',
      'moves.Web_1: must begin with a letter and have at most 31 small letters, digits and hyphens (line 9).',
    ],
    [
      'says what a duration looks like',
      `${small}    downtimeBudget: 20\n`,
      'config-invalid',
      'moves.web-1.downtimeBudget: must be a duration like 250ms, 20s, 1h or 3d (line 12).',
    ],
    [
      'says between what a duration must be',
      `${small}    downtimeBudget: 20ms\n`,
      'config-invalid',
      'moves.web-1.downtimeBudget: must be between 1 s and 10 min (line 12).',
    ],
    [
      'says what a currency is',
      small.replace('    from: {', '    from: { monthlyCost: { amount: 12, currency: € },'),
      'config-invalid',
      'moves.web-1.from.monthlyCost.currency: must be a currency like EUR (line 10).',
    ],
    ['says what a port is', `${small}    ports: [80, 70000]\n`, 'config-invalid', 'moves.web-1.ports[1]: must be at most 65535 (line 12).'],
    ['knows no port 0 in the short form', `${small}    ports: ["0/udp"]\n`, 'config-invalid', /^moves\.web-1\.ports\[0\]: .* \(line 12\)\.$/],
    [
      'knows no PROXY header of datagrams',
      `${small}    ports: [{ port: 53, protocol: udp, proxyProtocol: 1 }]\n`,
      'config-invalid',
      /^moves\.web-1\.ports\[0\].* \(line 12\)\.$/,
    ],
    [
      'says what a check is',
      `${small}    checks: [http]\n`,
      'config-invalid',
      'moves.web-1.checks[0]: must be one of { http, expect }, { tcp }, { command }, { sql, data } (line 12).',
    ],
    [
      'names the nearest kind of check',
      `${small}    checks: [{ tpc: 5432 }]\n`,
      'config-unknown-key',
      /^moves\.web-1\.checks\[0\]\.tpc: is not known here; did you mean tcp\? \(line 12\)/,
    ],
    [
      'names the nearest key of a check',
      `${small}    checks: [{ http: "http://{address}/", expekt: 200 }]\n`,
      'config-unknown-key',
      'moves.web-1.checks[0].expekt: is not known here; did you mean expect? (line 12).',
    ],
    [
      'shows a provider that does not exist',
      small.replace('to: { provider: new } }', 'to: { provider: nwe } }'),
      'config-invalid',
      'moves.db-1.to.provider: is not one of `providers:`; did you mean new? (line 8).',
    ],
    [
      'shows a name server that does not exist',
      `${small}    names: [{ dns: zones, name: www.shop.example }]\n`,
      'config-invalid',
      'moves.web-1.names[0].dns: is not one of `dns:`; did you mean zone? (line 12).',
    ],
    [
      'refuses a name outside the zone',
      `${small}    names: [{ dns: zone, name: www.shop.test }]\n`,
      'config-invalid',
      'moves.web-1.names[0].name: must be in the zone shop.example of zone (line 12).',
    ],
    [
      'refuses a wildcard',
      `${small}    names: [{ dns: zone, name: "*.shop.example" }]\n`,
      'config-invalid',
      /^moves\.web-1\.names\[0\]\.name: must not be a wildcard.*\(line 12\)/,
    ],
    [
      'shows an after that does not exist',
      `${small}    after: [bd-1]\n`,
      'config-invalid',
      'moves.web-1.after[0]: is not one of `moves:`; did you mean db-1? (line 12).',
    ],
    [
      'shows a circle',
      `${small.replace('db-1: { from', 'db-1: { after: [web-1], from')}    after: [db-1]\n`,
      'after-cycle',
      'moves.db-1.after: goes round: db-1 -> web-1 -> db-1 (line 8).',
    ],
    ['shows a move after itself', `${small}    after: [web-1]\n`, 'after-cycle', 'moves.web-1.after: goes round: web-1 -> web-1 (line 12).'],
    [
      'refuses two pieces of data of one name',
      `${small}    data: [{ kind: files, path: /a }, { kind: files, path: /b }]\n`,
      'config-invalid',
      'moves.web-1.data[1]: must have a name of its own: another one is called so (line 12).',
    ],
    [
      'refuses a check of a database that is not moved',
      `${small}    data: [{ kind: postgres }]\n    checks: [{ sql: select 1, data: postgers }]\n`,
      'config-invalid',
      'moves.web-1.checks[0].data: is not one of `moves.web-1.data:`; did you mean postgres? (line 13).',
    ],
    [
      'refuses the unit of a database among the services',
      `${small}    data: [{ kind: postgres, name: shop-db }]\n    services: [shop, postgresql]\n`,
      'config-invalid',
      'moves.web-1.services[1]: must not be named here: the database shop-db is stopped and started by its mover (line 13).',
    ],
    [
      'refuses a folder that a database lies in',
      `${small}    data: [{ kind: postgres }, { kind: files, name: all, path: /var/lib }]\n`,
      'config-invalid',
      'moves.web-1.data[1].path: overlaps the folder of the database postgres, which is kept in step by replication (line 12).',
    ],
    [
      'refuses a folder within that of a database',
      `${small}    data: [{ kind: postgres }, { kind: files, path: /var/lib/postgresql/15/main/base }]\n`,
      'config-invalid',
      'moves.web-1.data[1].path: overlaps the folder of the database postgres, which is kept in step by replication (line 12).',
    ],
    [
      'refuses two databases that would be followed at one port',
      `${small}    data: [{ kind: postgres, name: a }, { kind: postgres, name: b }]\n`,
      'config-invalid',
      'moves.web-1.data[1]: has a port too much like that of a: both would be followed at port 25432 (line 12).',
    ],
    [
      'refuses a statement that is asked of a folder',
      `${small}    data: [{ kind: files, path: /srv/shop }]\n    checks: [{ sql: select 1, data: files }]\n`,
      'config-invalid',
      'moves.web-1.checks[0].data: must be the name of a database: this is a folder (line 13).',
    ],
    [
      'refuses a unit that is service and singleton',
      `${small}    services: [shop]\n    singletons: [shop.service]\n`,
      'config-invalid',
      /^moves\.web-1\.services\[0\]: is listed twice/,
    ],
    [
      'refuses id and name together',
      small.replace('web-1:\n    from: { provider: old', 'web-1:\n    from: { provider: old, id: a, name: b'),
      'config-invalid',
      'moves.web-1.from: must have id or name, not both (line 10).',
    ],
    [
      'refuses a window of a weekday at one end only',
      `${small}    window: { from: "22:00", to: "Sun 04:00", zone: Europe/Berlin }\n`,
      'config-invalid',
      'moves.web-1.window: must name a weekday at both ends, or at neither (line 12).',
    ],
    [
      'refuses a window that ends when it begins',
      `${small}    window: { from: "22:00", to: "22:00", zone: Europe/Berlin }\n`,
      'config-invalid',
      'moves.web-1.window: must not end when it begins (line 12).',
    ],
    [
      'refuses a time zone that does not exist',
      `${small}    window: { from: "22:00", to: "04:00", zone: Europe/Atlantis }\n`,
      'config-invalid',
      'moves.web-1.window.zone: must be a time zone like Europe/Berlin (line 12).',
    ],
    [
      'refuses a file backend beside a database',
      `${small}database: env:DATABASE_URL\npulumi: { backend: "file:///srv/state" }\n`,
      'config-invalid',
      /^pulumi\.backend: must not be file:\/\/ beside `database:`.*\(line 13\)/,
    ],
    [
      'refuses the backend of this machine beside a database',
      `${small}database: env:DATABASE_URL\n`,
      'config-invalid',
      'database: needs pulumi.backend and pulumi.passphrase beside it: what is made for db-1 would be known on this machine alone (line 12).',
    ],
    [
      'refuses a witness that is no name server',
      `${small}watch: { policy: { witness: zome } }\n`,
      'config-invalid',
      'watch.policy.witness: is not one of `dns:`; did you mean zone? (line 12).',
    ],
    [
      'refuses a literal secret by its line',
      small.replace('env:TSIG', 'c2VjcmV0'),
      'literal-secret',
      'dns.zone.key.secret: must be a reference to a secret (env:NAME, file:PATH, command:…), never the secret itself (line 6).',
    ],
    [
      'refuses a private key in place of a reference',
      `${small}    ssh: { key: "-----BEGIN OPENSSH PRIVATE KEY-----" }\n`,
      'literal-secret',
      /^moves\.web-1\.ssh\.key: .*\(line 12\)\.$/,
    ],
    [
      'refuses a password in a URL',
      small.replace('vc.example', 'ops:hunter2@vc.example'),
      'literal-secret',
      'providers.old.url: must not have a password in its URL (line 3).',
    ],
    ['is empty', '# nothing\n', 'config-invalid', 'lifeboat.yaml is empty.'],
    ['is a list', '- project\n', 'config-invalid', /^lifeboat\.yaml must be a mapping/],
    ['has the same key twice', `${small}project: other\n`, 'config-invalid', 'lifeboat.yaml has the same key twice (line 12).'],
    ['is indented with tabs', 'project: shop\nproviders:\n\told: {}\n', 'config-invalid', 'lifeboat.yaml is indented with a tab; use spaces (line 3).'],
    [
      'lacks a closing bracket',
      'project: shop\nproviders: { old: { kind: static }\n',
      'config-invalid',
      /^lifeboat\.yaml .*lacks a closing bracket before it \(line 3\)/,
    ],
    ['holds two documents', `${small}---\n${small}`, 'config-invalid', /^lifeboat\.yaml holds several documents/],
    ['names an alias that is not set', small.replace('env:VC_PASSWORD', '*hunter2'), 'config-invalid', /^lifeboat\.yaml names an alias .*\(line 3\)/],
    ['has a tag that is not known', small.replace('env:VC_PASSWORD', '!hunter2 x'), 'config-invalid', /^lifeboat\.yaml has a tag/],
    ['multiplies its aliases', bomb(), 'config-invalid', /^lifeboat\.yaml uses aliases .* more than 100\.$/],
    ['is nested without end', `project: ${'['.repeat(20_000)}`, 'config-invalid', 'lifeboat.yaml is nested too deeply (line 1).'],
    ['is larger than a megabyte', `${small}# ${'x'.repeat(1024 * 1024)}`, 'config-invalid', 'lifeboat.yaml is 1025 KiB long; the limit is 1024 KiB.'],
  ]
  for (const [title, text, code, message] of mistakes) {
    it(title, () => {
      const error = failure(text)
      assert.equal(error.code, code, error.message)
      assert.equal(exitStatusOf(error.code), 2)
      if (typeof message === 'string') assert.equal(error.message, message)
      else assert.match(error.message, message)
    })
  }
  it('lists all its problems in the details, in the order of the lines', () => {
    const error = failure(small.replace('region: eu', 'regoin: eu').replace('env:TSIG', 'c2VjcmV0').replace('project: shop', 'project: Shop'))
    const problems = error.details['problems'] as { line: number; code: string; path: string }[]
    assert.deepEqual(
      problems.map(({ line, code }) => [line, code]),
      [
        [1, 'config-invalid'],
        [4, 'config-unknown-key'],
        [4, 'config-invalid'],
        [6, 'literal-secret'],
      ],
    )
  })
})

/** Nine lists, each of nine times the one before. */
function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let level = 1; level < 9; level++) lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`)
  return `${lines.join('\n')}\n`
}
