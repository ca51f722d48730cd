// What each figure means for a move, and that no answer of a node breaks the reading of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { doctorOf, doctorSchema, error, ok, warning, type Found } from '../../src/core/doctor/finding.ts'
import { judgeFolder, judgeKey, judgeNode } from '../../src/core/doctor/machine.ts'
import { judgeNodeAnswer, judgeRoot, judgeThings, parseNodeAnswer, type NodeAnswer } from '../../src/core/doctor/node.ts'
import { judgeCertificate, judgeClock, judgeContact, judgeRights } from '../../src/core/doctor/provider.ts'
import { providerCardSchema, readingsOf } from '../../src/core/provider-card.ts'

const codes = (found: readonly Found[]): string[] => found.map(({ code, severity }) => `${severity} ${code}`)
const mib = 1024 * 1024

test('one error makes it unfit; subjects keep their order, and in each the worst comes first', () => {
  const about = (subject: string, ...found: Found[]) => found.map((each) => ({ ...each, about: subject }))
  const found = [...about('b', ok('1', 'x'), warning('2', 'x', 'y')), ...about('a', ok('3', 'x')), ...about('b', error('4', 'x', 'y'))]
  const doctor = doctorSchema.parse(doctorOf(found, '2026-11-24T10:00:00.000Z'))
  assert.deepEqual([doctor.fit, doctor.findings.map(({ code }) => code)], [false, ['4', '2', '1', '3']])
  assert.equal(doctorOf(found.slice(0, 3), '').fit, true)
})

describe('the machine of the controller', () => {
  const folder = { path: '/x', mode: 0o40700, isOurs: true, freeBytes: 5000 * mib }
  test('has a state folder of its own, shut, with room', () => {
    assert.deepEqual(codes(judgeFolder(folder)), ['ok state-owner', 'ok state-mode', 'ok state-space'])
    assert.deepEqual(codes(judgeFolder({ ...folder, isOurs: false, mode: 0o40750, freeBytes: 199 * mib })), [
      'error state-owner',
      'error state-mode',
      'error state-space',
    ])
    assert.match(judgeFolder({ ...folder, mode: 0o40750 })[1]?.text ?? '', /mode 750/)
    assert.equal(codes(judgeFolder({ ...folder, freeBytes: 1000 * mib }))[2], 'warning state-space')
  })

  test('has a Node that is new enough, and keys that ssh takes', () => {
    const severities = ['v22.17.9', 'v22.18.0', 'v21.99.0', 'v24.0.0'].map((version) => judgeNode(version, '>=22.18').severity)
    assert.deepEqual(severities, ['error', 'ok', 'error', 'ok'])
    assert.deepEqual(
      [0o100600, 0o100640, null].map((mode) => judgeKey('/k', mode).severity),
      ['ok', 'error', 'error'],
    )
  })
})

describe('a provider', () => {
  test('shows a certificate whose days are counted', () => {
    const now = Date.parse('2026-11-24T00:00:00Z')
    const day = 86_400_000
    const judged = (days: number) => judgeCertificate(now + days * day, true, now)
    assert.deepEqual(codes([judged(30), judged(29.9), judged(-0.1)]), ['ok certificate', 'warning certificate-expires', 'warning certificate-expired'])
    assert.match(judged(1).text, /in 1 day\.$/)
    assert.match(judged(-2).text, /2 days ago/)
  })

  test('has a clock, of which only the difference is told', () => {
    assert.deepEqual(
      [30, -30, 31, -31].map((ahead) => judgeClock('Its clock', ahead).severity),
      ['ok', 'ok', 'warning', 'warning'],
    )
    assert.match(judgeClock('Its clock', 45).text, /^Its clock is 45 s behind the one here\.$/)
    assert.match(judgeClock('Its clock', -45).text, /^Its clock is 45 s ahead of the one here\.$/)
  })

  test('can be asked somehow, or not at all', () => {
    assert.deepEqual(codes([judgeContact('old', undefined), judgeContact('old', {}), judgeContact('old', { phone: '+1' })]), [
      'warning contact',
      'warning contact',
      'ok contact',
    ])
    assert.match(judgeContact('old', { phone: '+1' }).text, /It can be asked: phone\. Not given: status page, ticket, forum\./)
  })

  test('gives rights or does not, each told once with all its nodes', () => {
    const lacking = [
      { node: 'vm-1', right: 'A.B' },
      { node: 'vm-2', right: 'A.B' },
    ]
    const found = judgeRights(lacking, new Map([['A.B', '`finish`: power off']]))
    assert.deepEqual(
      found.map(({ text }) => text),
      ['The account lacks A.B on vm-1, vm-2 (finish: power off).'],
    )
    assert.deepEqual(codes(judgeRights([], new Map())), ['ok rights'])
  })

  test('answers an inventory in some time; a failure has none', () => {
    const reading = (at: string, ms: number, failure: string | null = null) => ({ at, ms, failure })
    assert.deepEqual(readingsOf([reading('4', 1, 'timeout'), reading('3', 300), reading('2', 100), reading('1', 200)]), {
      since: '1',
      count: 4,
      failed: 1,
      lastMs: 300,
      medianMs: 200,
      slowestMs: 300,
      lastFailure: { at: '4', code: 'timeout' },
    })
    assert.deepEqual([readingsOf([]).medianMs, readingsOf([]).count, readingsOf([reading('1', 5, 'x')]).lastMs], [null, 0, null])
  })
})

const tools = ['rsync', 'nft', 'bash', 'timeout', 'base64', 'sha256sum', 'find', 'du']
const fit: NodeAnswer = {
  uid: 0,
  machine: 'x86_64',
  kernel: '6.1.0-28-amd64',
  systemd: true,
  tools: new Set(tools),
  clock: 1_764_000_000,
  roots: [],
  things: [],
  owners: [],
}
const without = (tool: string): NodeAnswer => ({ ...fit, tools: new Set(tools.filter((each) => each !== tool)) })

describe('a node', () => {
  test('is read from its answer, whatever a login shell prints around it', () => {
    const text = [
      'Welcome!',
      '@node',
      '|uid\t0',
      '|machine\tx86_64',
      '|kernel\t6.1',
      '|systemd\tyes',
      '|tool\trsync',
      '|root\tfolder 100 40 -',
      '|root\tabsent  -',
      '|ours\tfolder web-1',
      '|owner\tweb-1/ab',
      '|clock\t17',
      '=node 0',
      'bye',
    ]
    assert.deepEqual(parseNodeAnswer(text.join('\n')), {
      uid: 0,
      machine: 'x86_64',
      kernel: '6.1',
      systemd: true,
      tools: new Set(['rsync']),
      clock: 17,
      roots: [
        { isFolder: true, totalKiB: 100, freeKiB: 40, usedKiB: null },
        { isFolder: false, totalKiB: null, freeKiB: null, usedKiB: null },
      ],
      things: [{ kind: 'folder', move: 'web-1' }],
      owners: ['web-1/ab'],
    })
    assert.equal(parseNodeAnswer('@node\n=node 0'), null)
    assert.equal(parseNodeAnswer(''), null)
  })

  test('is read whatever it prints, and judged in sentences', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('@', '|', '='), fc.constantFrom('node', 'uid', 'root', 'ours', 'owner', 'tool', 'clock', 'kernel'), fc.string())
        .map(([mark, word, rest]) => `${mark}${word}${mark === '|' ? '\t' : ' '}${rest}`),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const answer = parseNodeAnswer(['@node', '|uid\t0', ...lines].join('\n'))
        if (answer === null) return
        const found = [
          ...judgeNodeAnswer('node', answer),
          ...judgeRoot('node', 'source', '/srv', answer.roots[0], null),
          ...judgeThings('node', answer, new Map(), 'id'),
        ]
        for (const { text, code, severity, hint } of found) assert.ok(text.length > 0 && code.length > 0 && (severity === 'ok') === (hint === null))
      }),
    )
  })

  test('needs root, systemd, a kernel and programs; each gap is an error of its own', () => {
    assert.deepEqual(codes(judgeNodeAnswer('node', fit)), ['ok node'])
    assert.deepEqual(codes(judgeNodeAnswer('node', { ...fit, uid: 1000, systemd: false, machine: 'riscv64', kernel: '5.8.0' })), [
      'error not-root',
      'error no-systemd',
      'error machine',
      'error kernel',
    ])
    assert.deepEqual(codes(judgeNodeAnswer('node', { ...fit, kernel: '5.10.0' })), ['ok node'])
    for (const tool of tools) assert.deepEqual(codes(judgeNodeAnswer('node', without(tool))), ['error node-tool-missing'], tool)
    const byIptables: NodeAnswer = { ...fit, tools: new Set([...without('nft').tools, 'iptables']) }
    assert.match(judgeNodeAnswer('node', byIptables)[0]?.text ?? '', /rsync, iptables\.$/)
  })

  test('has the data, or room for it', () => {
    const root = { isFolder: true, totalKiB: 1000, freeKiB: 500, usedKiB: 700 }
    const judged = (...given: Parameters<typeof judgeRoot>) => codes(judgeRoot(...given))[0]
    assert.equal(judged('node', 'source', '/srv', root, null), 'ok data')
    assert.equal(judged('node', 'source', '/srv', { ...root, isFolder: false }, null), 'error data-missing')
    assert.equal(judged('node', 'target', '/srv', { ...root, isFolder: false }, 1000), 'ok data')
    assert.equal(judged('node', 'target', '/srv', root, 1001), 'error disk-too-small')
    assert.equal(judged('node', 'target', '/srv', root, null), 'ok data')
    assert.equal(judged('node', 'target', '/srv', { ...root, freeKiB: null }, 1), 'warning data')
    assert.equal(judged('node', 'source', '/srv', undefined, null), 'warning data')
  })

  test('tells what of ours stands there, with its move and whose it is', () => {
    const things = [
      { kind: 'folder', move: 'web-1' },
      { kind: 'table', move: 'web_1' },
      { kind: 'key', move: 'web-1' },
    ]
    const judged = (changes: Partial<NodeAnswer>, states = new Map([['web-1', 'running']])) => judgeThings('node', { ...fit, things, ...changes }, states, 'ab')
    assert.deepEqual(judged({ owners: ['web-1/ab'] }), [ok('stands', 'Of ours stands on the node: folder, table, key of the move web-1 (running).')])
    assert.deepEqual(codes(judged({})), ['ok stands'])
    assert.deepEqual(codes(judged({ owners: ['web-1/cd'] })), ['error owned-by-other'])
    assert.deepEqual(codes(judged({}, new Map())), ['warning left-behind'])
    assert.deepEqual(judged({ things: [] }), [])
  })
})

test('the examples of docs/doctor.md have the shapes that are promised', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')
  const examples = [...page.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => JSON.parse(text ?? '') as unknown)
  assert.equal(examples.length, 2)
  const doctor = doctorSchema.strict().parse(examples[0])
  assert.equal(doctor.fit, !doctor.findings.some(({ severity }) => severity === 'error'))
  providerCardSchema.strict().parse(examples[1])
})
