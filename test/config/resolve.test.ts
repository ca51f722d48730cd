import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { nodeAccess, resolveMove, resolveMoves } from '../../src/config/resolve.ts'
import { kinds } from './kinds.ts'

const text = `
project: shop
providers:
  old: { kind: static, ssh: { user: ops, sudo: true }, nodes: [{ name: web-1, address: 192.0.2.1, port: 2222 }, { name: db-1, address: 192.0.2.2 }] }
  new: { kind: aws, region: eu-central-1, ssh: { user: admin } }
defaults:
  ssh: { user: deploy, port: 2022, key: file:keys/id, jump: bastion.example }
  downtimeBudget: 10s
  finish: { remindAfter: 1d, watchFor: 1h }
moves:
  web-1:
    from: { provider: old }
    to: { provider: new }
    ssh: { key: env:KEY }
    reverseSync: false
    finish: { watchFor: 5m }
    services: [shop, cache.socket]
  db-1:
    from: { provider: old, name: db-1, monthlyCost: { amount: 45, currency: EUR } }
    to: { provider: new, ssh: { address: 192.0.2.77, port: 22 } }
    downtimeBudget: 5s
    data: [{ kind: postgres }, { kind: files, path: /srv, name: pictures }]
`
const { document } = parseConfig({ text, baseFolder: '/srv/shop' }, kinds)

describe('a move inherits', () => {
  it('from itself before its provider before the defaults, key by key', () => {
    const { ssh } = resolveMove(document, 'web-1')
    const { keyContents, ...source } = ssh.source
    assert.deepEqual(source, { address: null, user: 'ops', port: 2222, keyFile: null, jump: 'bastion.example', sudo: true })
    assert.throws(() => keyContents?.reveal(), { code: 'credentials-needed' })
    assert.deepEqual(ssh.target, {
      address: null,
      user: 'admin',
      port: 2022,
      keyFile: '/srv/shop/keys/id',
      keyContents: null,
      jump: 'bastion.example',
      sudo: false,
    })
  })

  it('nothing of what its source costs: that is known where it is said', () => {
    const costs = ['web-1', 'db-1'].map((name) => resolveMove(document, name).from.monthlyCost)
    assert.deepEqual(costs, [undefined, { amount: 45, currency: 'EUR' }])
  })

  it('its ssh settings for a look inside as well; a node without a move has those of its provider', () => {
    const [moved, unmoved] = [
      { id: 'vm-1', name: 'web-1' },
      { id: 'vm-9', name: 'cache-1' },
    ].map((node) => nodeAccess(document, 'old', node))
    assert.deepEqual([moved?.user, moved?.keyFile], ['ops', null])
    assert.throws(() => moved?.keyContents?.reveal(), { code: 'credentials-needed' })
    assert.deepEqual([unmoved?.user, unmoved?.keyFile, unmoved?.port], ['ops', '/srv/shop/keys/id', 2022])
  })

  it('the port of its node in a list only where the list gives one', () => {
    const { ssh } = resolveMove(document, 'db-1')
    assert.deepEqual([ssh.source.port, ssh.target.port, ssh.target.address], [2022, 22, '192.0.2.77'])
  })

  it('budget, reverse sync and each key of finish, down to what is built in', () => {
    const [db, web] = resolveMoves(document)
    assert.deepEqual([db?.downtimeBudgetMs, web?.downtimeBudgetMs], [5000, 10_000])
    assert.deepEqual([db?.reverseSync, web?.reverseSync], [true, false])
    assert.deepEqual(web?.finish, { policy: 'manual', remindAfterMs: 86_400_000, watchForMs: 300_000, forwardForMs: 86_400_000 })
    const bare = parseConfig({ text: text.replace(/defaults:[^]*?(?=moves:)/, ''), baseFolder: '/srv' }, kinds).document
    const { downtimeBudgetMs, finish, ssh } = resolveMove(bare, 'web-1')
    assert.deepEqual([downtimeBudgetMs, finish.remindAfterMs, finish.forwardForMs], [20_000, 259_200_000, 86_400_000])
    assert.deepEqual(ssh.target, { address: null, user: 'admin', port: 22, keyFile: null, keyContents: null, jump: null, sudo: false })
  })

  it('its name for the node, names for its data, suffixes for its units', () => {
    const [db, web] = resolveMoves(document)
    assert.deepEqual(web?.from, { provider: 'old', id: null, name: 'web-1' })
    assert.deepEqual(web?.services, ['shop.service', 'cache.socket'])
    assert.deepEqual(
      db?.data.map(({ kind, name }) => `${kind} ${name}`),
      ['postgres postgres', 'files pictures'],
    )
  })

  it('nothing when it does not exist', () => {
    assert.throws(() => resolveMoves(document, ['web-11']), { code: 'move-unknown', message: 'There is no move web-11; did you mean web-1 or db-1?' })
    assert.throws(() => resolveMove(document, 'toString'), { code: 'move-unknown' })
  })

  it('a key file at home from the home folder', () => {
    const home = parseConfig({ text: text.replace('file:keys/id', 'file:~/.ssh/id'), baseFolder: '/srv' }, kinds).document
    assert.equal(resolveMove(home, 'db-1').ssh.source.keyFile, join(homedir(), '.ssh/id'))
  })
})
