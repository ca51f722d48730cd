// A first copy over a far way: in shards at the same time, taken up again after an interruption, and ended as a whole.
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Side } from '../../src/movers/mover.ts'
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { files } = await import('../../src/movers/files/index.ts')
const { preparedPair } = await import('../support/pair.ts')
const { setScene } = await import('../support/scenario.ts')
const { slowLink } = await import('../../lab/slow-link.ts')
const { waitUntil } = await import('../../src/io/wait.ts')

const root = '/srv/shop'
/** Everything but folders' times, which copies at the same time leave to the pass after them. */
const listing = `cd ${root} && find . -mindepth 1 -path ./.lifeboat-deleted -prune -o \\( -type d -printf 'd %p %m %U %G\\n' -o -printf '%y %p %s %m %U %G %T@ %l\\n' \\) | sort
  find . -path ./.lifeboat-deleted -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
  find . -path ./.lifeboat-deleted -prune -o -type f -links +1 -printf '%i %p\\n' | LC_ALL=C sort -k2 | awk '!($1 in n) { n[$1] = ++c } { print n[$1], $2 }'`
const withTimes = `cd ${root} && find . -mindepth 1 -path ./.lifeboat-deleted -prune -o -type d -printf '%p %T@\\n' | sort`

test('a first copy over a far way', async (t) => {
  const scene = await setScene({ files: 60 })
  t.after(async () => await scene.stop())
  const [source, target] = [scene.source('web-1'), scene.target('web-1')]
  const { close, ...opened } = await preparedPair(scene, 'web-1')
  t.after(close)
  await source.run('systemctl stop shop-cron.timer shop.service; while pidof rsync >/dev/null; do sleep 0.1; done')
  const link = await slowLink([source.address], [target.address], { delayMs: 20, bytesPerSecond: 125e6 })
  t.after(async () => await link.restore())

  const copies: string[][] = []
  const run: Side['run'] = async (command, options) => {
    if (command.includes('rsync')) copies.push([...command])
    return await opened.from.run(command, options)
  }
  const pair = { ...opened, from: { ...opened.from, run } }
  const mover = await files.connect({ kind: 'files', path: root, exclude: [] })
  const sync = async (kind: 'first' | 'repeat' | 'audit', signal = AbortSignal.timeout(120_000)) => {
    copies.length = 0
    return await mover.sync(pair, kind, signal, (text) => t.diagnostic(text))
  }
  const equal = async () => assert.equal(await target.run(listing), await source.run(listing))
  const empty = async () => void (await target.run(`find ${root} -mindepth 1 -delete`))
  await source.run(`cd ${root} && mkdir -p far/empty deep/er && echo linked > far/one && ln far/one deep/er/two && ln far/one three
    head -c 30000000 /dev/urandom > far/big && head -c 9000000 /dev/urandom > deep/large && printf x > 'deep/#odd'
    touch -d 2001-02-03 far far/empty deep/er`)

  await t.test('the way is measured before: 40 ms there and back, and several connections', async () => {
    const { figures, said, warnings } = await mover.prepare(pair, AbortSignal.timeout(60_000))
    t.diagnostic(`${said ?? ''} ${warnings.join(' ')}`)
    const { way, link: measured } = figures as { way: { connections: number }; link: { rttMs: number; bytesPerSecond: number } }
    // Each way is held up by a timer of 20 ms, which may end a moment early.
    assert.ok(measured.rttMs >= 39 && measured.rttMs < 80, String(measured.rttMs))
    // The wire has 125 MB/s; a busy machine does not fill it.
    assert.ok(measured.bytesPerSecond > 10e6 && measured.bytesPerSecond < 150e6, String(measured.bytesPerSecond))
    assert.ok(way.connections > 1, String(way.connections))
  })

  await t.test('shards make both sides equal, and the pass after them mends the times of folders', async () => {
    await empty()
    const { movedBytes } = await sync('first')
    assert.ok(movedBytes > 39_000_000, String(movedBytes))
    assert.ok(copies.length > 1 && copies.every((words) => words.some((word) => word.startsWith('--files-from='))), String(copies.length))
    await equal()
    await sync('repeat')
    await equal()
    assert.equal(await target.run(withTimes), await source.run(withTimes))
  })

  await t.test('an abort ends every copy on both nodes, and the next try goes on', async () => {
    await empty()
    const stop = new AbortController()
    const reason = new Error('enough')
    // So slow that a file would be on its way for seconds more.
    const slow = await files.connect({ kind: 'files', path: root, exclude: [], linkMbps: 40 })
    await slow.prepare(pair, AbortSignal.timeout(60_000))
    const copied = slow.sync(pair, 'first', stop.signal, () => undefined)
    // One that receives has begun.
    await waitUntil(async () => ((await target.attempt('pidof rsync')).exitCode === 0 ? true : null), {
      what: 'A copy',
      deadlineMs: 20_000,
      everyMs: 20,
      signal: AbortSignal.timeout(30_000),
    })
    const began = performance.now()
    stop.abort(reason)
    await assert.rejects(copied, reason)
    const seconds = (performance.now() - began) / 1000
    assert.ok(seconds < 5, `it took ${seconds} s`)
    assert.equal((await target.attempt('pidof rsync')).exitCode, 1, 'nobody receives')
    assert.equal((await source.attempt('pidof rsync')).exitCode, 1, 'nobody sends')
    await target.run(`echo stranger > ${root}/surplus`)
    await sync('first')
    assert.ok(copies.length > 1 && !copies.at(-1)?.some((word) => word.startsWith('--files-from=')), 'a pass over the whole tree takes strangers away')
    assert.equal((await target.attempt(`test -e ${root}/surplus`)).exitCode, 1)
    assert.match(await target.run(`find ${root}/.lifeboat-deleted -name surplus`), /-first\/surplus\n$/, 'and keeps them')
    assert.equal(await target.run(`find ${root}/.lifeboat-deleted -name big -o -name large`), '', 'what the first try had of a file is not kept beside it')
    // One that was killed may have made a folder for what it had, and put nothing there: that goes before the move is ready.
    await sync('audit')
    await equal()
  })

  await t.test('a copy that fails ends the others, and its reason is told', async () => {
    await empty()
    const broken: Side['run'] = async (command, options) => {
      const first = command.find((word) => word.endsWith('-0') && word.startsWith('--files-from='))
      return await opened.from.run(first === undefined ? command : command.map((word) => (word === first ? '--files-from=/nowhere' : word)), options)
    }
    await assert.rejects(
      mover.sync({ ...pair, from: { ...pair.from, run: broken } }, 'first', AbortSignal.timeout(60_000), () => undefined),
      /rsync of \/srv\/shop .*nowhere/,
    )
    for (const node of [source, target]) assert.equal((await node.attempt('pidof rsync')).exitCode, 1, node.name)
  })

  await t.test('a limit is kept by all copies together', async () => {
    await empty()
    // Of its own limit and its share of the link the smaller one counts.
    const limited = await files.connect({ kind: 'files', path: root, exclude: [], linkMbps: 100_000 })
    await limited.prepare(pair, AbortSignal.timeout(60_000))
    const { seconds, movedBytes } = await limited.sync({ ...pair, linkMbps: 160 }, 'first', AbortSignal.timeout(60_000), () => undefined)
    t.diagnostic(`${movedBytes} bytes in ${seconds.toFixed(1)} s`)
    // 20 MB/s; rsync lets the first moment go faster.
    assert.ok(movedBytes / seconds < 26e6, `${movedBytes} bytes in ${seconds} s`)
  })
})
