import assert from 'node:assert/strict'
import test from 'node:test'
import { codeOf } from '../../src/core/errors.ts'
import { differencesOf } from '../../src/movers/files/manifest.ts'
import { judgeExit, readChanges, readStats, rsyncCommand } from '../../src/movers/files/rsync.ts'
import type { Owners } from '../../src/movers/files/system/accounts.ts'
import { plainWay } from '../../src/movers/files/way.ts'
import type { Side } from '../../src/movers/mover.ts'

const never = async (): Promise<never> => await Promise.reject(new Error('not called'))
const side = (name: Side['name'], address: string): Side => ({
  name,
  address,
  port: 22,
  user: 'root',
  sshConfig: () => '',
  folder: '/var/lib/lifeboat/web-1',
  run: never,
  call: never,
})
test('a first copy looks for holes only where the giving end may have some', () => {
  const words = (holes: boolean) =>
    rsyncCommand({ path: '/srv/shop', exclude: [] }, side('source', '192.0.2.1'), side('target', '192.0.2.2'), {
      kind: 'first',
      pass: 'p',
      list: null,
      way: { ...plainWay, holes },
    })
  assert.deepEqual([words(true).includes('--sparse'), words(false).includes('--sparse')], [true, false])
})

test('a first copy writes in place only where nothing lay there, no program may run, and holes can be left so', () => {
  const words = (fresh: boolean, holesInPlace: boolean, owners: Owners | null = null) =>
    rsyncCommand({ path: '/srv/shop', exclude: [] }, side('source', '192.0.2.1'), side('target', '192.0.2.2'), {
      kind: 'first',
      pass: 'p1',
      list: null,
      way: { ...plainWay, holesInPlace },
      fresh,
      owners,
    })
  const inPlace = (...given: Parameters<typeof words>) => {
    const [there, aside] = ['--inplace', '--partial-dir=.lifeboat-partial'].map((word) => words(...given).includes(word))
    assert.notEqual(there, aside, 'rsync does not take both')
    return there
  }
  assert.deepEqual([inPlace(true, true), inPlace(false, true), inPlace(true, false)], [true, false, false])
  assert.deepEqual(
    ['--backup', '--delete'].map((word) => [words(true, true).includes(word), words(false, true).includes(word)]),
    [
      [false, true],
      [false, true],
    ],
  )
  assert.equal(inPlace(true, true, { users: new Map(), groups: new Map() }), false)
})

const failure = (exitCode: number, stderr: string) => ({ exitCode, stdout: '', stderr })

test('what a pass over the whole tree deletes or replaces is kept aside, and neither that nor partial files are copied', () => {
  const words = rsyncCommand({ path: '/srv/shop/', exclude: ['cache/'] }, side('source', '192.0.2.1'), side('target', '2001:db8::1'), {
    kind: 'repeat',
    pass: 'p1',
    list: null,
    way: plainWay,
  })
  assert.ok(words.includes('--backup-dir=.lifeboat-deleted/p1') && words.includes('--backup') && words.includes('--delete'))
  assert.ok(words.includes('--exclude=/.lifeboat-deleted/') && words.includes('--exclude=cache/'))
  assert.ok(!words.some((word) => word.startsWith('--delete-excluded') || word.startsWith('--ignore-errors')))
  assert.deepEqual(words.slice(-3), ['--', '/srv/shop/', 'root@[2001:db8::1]:/srv/shop/'])
})

test('a pass over a list keeps what it replaces on the way back, in a first copy, and where a folder makes way', () => {
  const [source, target] = [side('source', '192.0.2.1'), side('target', '192.0.2.2')]
  const keeps = (from: Side, to: Side, kind: 'first' | 'repeat' | 'final', makesWay = false) => {
    const words = rsyncCommand({ path: '/srv/shop', exclude: [] }, from, to, { kind, pass: 'p', list: '/names', way: plainWay, makesWay })
    assert.equal(words.includes('--force'), words.includes('--backup'), 'what is forced away is kept')
    return words.includes('--backup-dir=.lifeboat-deleted/p') && words.includes('--backup')
  }
  assert.deepEqual([keeps(source, target, 'repeat'), keeps(source, target, 'final'), keeps(source, target, 'final', true)], [false, false, true])
  assert.deepEqual([keeps(source, target, 'first'), keeps(target, source, 'repeat'), keeps(target, source, 'final')], [true, true, true])
})

test('a pass takes its way: cipher, compression, limit, and what both ends know; the pass in the freeze has no limit', () => {
  const way = { ...plainWay, cipher: 'aes128-gcm@openssh.com', compression: 'zstd', acls: false, exactTimes: false, limitKiB: 900 } as const
  const command = (kind: 'first' | 'final') =>
    rsyncCommand({ path: '/srv/shop', exclude: [] }, side('source', '192.0.2.1'), side('target', '192.0.2.2'), { kind, pass: 'p', list: null, way, beside: 3 })
  const [first, final] = [command('first'), command('final')]
  for (const word of ['-X', '--compress-choice=zstd', '--compress-level=1', '--bwlimit=300']) assert.ok(first.includes(word), word)
  assert.ok(!first.includes('-A') && !first.includes('--modify-window=-1'))
  assert.match(first[first.indexOf('-e') + 1] ?? '', /^ssh -c aes128-gcm@openssh\.com /)
  assert.deepEqual(first.slice(0, 4), ['nice', '-n', '10', 'rsync'])
  assert.ok(final[0] === 'rsync' && !final.some((word) => word.startsWith('--bwlimit')))
})

test('files with holes keep them in later passes, in place where the other end can; others are written in place', () => {
  const words = (holesInPlace: boolean, holed: boolean) =>
    rsyncCommand({ path: '/srv/shop', exclude: [] }, side('source', '192.0.2.1'), side('target', '192.0.2.2'), {
      kind: 'final',
      pass: 'p',
      list: '/names',
      way: { ...plainWay, holesInPlace },
      holed,
    }).filter((word) => word === '--inplace' || word === '--sparse')
  assert.deepEqual(
    [words(false, false), words(true, false), words(true, true), words(false, true)],
    [['--inplace'], ['--inplace'], ['--inplace', '--sparse'], ['--sparse']],
  )
})

test('vanished files are normal while the source is written to and an error in the freeze', () => {
  judgeExit(failure(24, ''), 'repeat', '/srv')
  assert.throws(
    () => judgeExit(failure(24, ''), 'final', '/srv'),
    (error) => codeOf(error) === 'sync-failed',
  )
})

test('a full target disk, a missing rsync and a partial transfer are told apart', () => {
  const codeAfter = (exitCode: number, stderr: string): string => {
    try {
      judgeExit(failure(exitCode, stderr), 'first', '/srv')
      return 'fine'
    } catch (error) {
      return codeOf(error)
    }
  }
  assert.equal(codeAfter(11, 'rsync: write failed on "/srv/x": No space left on device (28)'), 'disk-too-small')
  assert.equal(codeAfter(127, 'bash: rsync: command not found'), 'node-tool-missing')
  assert.equal(codeAfter(23, 'rsync: some files could not be read'), 'sync-failed')
  assert.equal(codeAfter(0, ''), 'fine')
})

test('what rsync said last ends a sentence, and nothing said is no matter', () => {
  const text = (stderr: string) => () => judgeExit(failure(255, stderr), 'first', '/srv')
  assert.throws(text('ssh: lost\nrsync: connection closed [sender]\nrsync error: x'), {
    message: 'rsync of /srv could not connect over ssh (exit 255): rsync: connection closed [sender].',
  })
  assert.throws(text(''), { message: 'rsync of /srv could not connect over ssh (exit 255).' })
})

test('the figures of a pass are read with their thousands separators', () => {
  const stdout =
    'Number of files: 1,304\nNumber of deleted files: 2\nNumber of regular files transferred: 1,210\nTotal transferred file size: 9,877,360 bytes\n'
  assert.deepEqual(readStats(stdout), { movedBytes: 9_877_360, movedFiles: 1212 })
  assert.deepEqual(readStats(stdout + stdout), { movedBytes: 19_754_720, movedFiles: 2424 })
})

test('differences name the path and on which side it is', () => {
  const line = (path: string, size: number): string => `0\t${path}\tf\t${size}\t0644\t0\t0\t1700000000000000000\t-\t-\t-\t-`
  const from = [line('a', 1), line('b', 2), line('c', 3)]
  const to = [line('a', 1), line('b', 9), line('d', 4), '0\te\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-']
  assert.deepEqual(differencesOf(from, to, 'target'), [
    { path: 'c', what: 'is missing on the target' },
    { path: 'd', what: 'is only on the target' },
    { path: 'b', what: 'differs' },
  ])
})

test('a pass lists what it changes only where that is held against a recorder', () => {
  const lists = (kind: 'first' | 'repeat' | 'final', list: string | null) =>
    rsyncCommand({ path: '/srv/shop', exclude: [] }, side('source', '192.0.2.1'), side('target', '192.0.2.2'), { kind, pass: 'p', list, way: plainWay }).some(
      (word) => word.startsWith('--out-format='),
    )
  assert.deepEqual([lists('repeat', null), lists('repeat', '/names'), lists('first', null), lists('final', '/names')], [true, false, false, false])
})

test('what a pass changes and deletes is read byte for byte, without folders and parts of files', () => {
  const stdout = [
    '=<f.st...... kept/changed',
    '=*deleting   gone/file',
    '=*deleting   gone/',
    '=*deleting   gone/.lifeboat-partial/file',
    '=.d..t...... kept/',
    '=cd+++++++++ new',
    String.raw`=>f+++++++++ odd \#011name`,
    'Number of files: 3',
  ]
  assert.deepEqual(readChanges(stdout.join('\n')), ['kept/changed', 'gone/file', 'odd \tname'])
})
