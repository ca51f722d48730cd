// The ladder on a real sshd: what each rung tells, that a strange host key ends it, and that nothing stays on the node.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { Secret } from '../../src/core/secret.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { openLadder, type Ladder, type LadderTarget } from '../../src/watch/ladder.ts'
import { targetAt, toldBy } from '../support/climber.ts'
import { startSshd } from '../support/sshd.ts'

const opened = ['tcp', 'banner', 'kex', 'auth'].map((rung) => `${rung} fresh ok`)
const unknownAbove = (rung: string): string[] =>
  ['tcp', 'banner', 'kex', 'auth', 'exec', 'fsync', 'echo'].slice(1 + ['tcp', 'banner', 'kex', 'auth'].indexOf(rung)).map((each) => `${each} fresh unknown`)

function ladderTo(t: TestContext, target: LadderTarget): Ladder {
  const ladder = openLadder(target)
  t.after(() => ladder.close())
  return ladder
}

test('a round tries every rung on a fresh connection; the one that stays is tried beside it from then on', async (t) => {
  const target = await targetAt(await startSshd(t))
  const ladder = ladderTo(t, target)
  const first = await ladder.round(t.signal)
  assert.deepEqual(toldBy(first), [...opened, 'exec fresh ok', 'fsync fresh ok', 'echo fresh ok'])
  assert.ok(first.every(({ ms, outcome, text }) => (outcome === 'ok' ? ms !== null && text === '' : text !== '')))
  assert.deepEqual(toldBy(await ladder.round(t.signal)), [...opened, 'exec kept ok', 'fsync kept ok', 'echo kept ok', 'exec fresh ok'])
})

test('nothing stays on the node: no file, no process', async (t) => {
  const sshd = await startSshd(t)
  const ladder = ladderTo(t, await targetAt(sshd))
  await ladder.round(t.signal)
  const before = readdirSync(sshd.folder)
  await ladder.round(t.signal)
  assert.ok(sessionsAt(sshd.port).length > 0)
  ladder.close()
  const nobody = async () => await Promise.resolve(sessionsAt(sshd.port).length === 0 ? true : null)
  await waitUntil(nobody, { what: 'The end of what the ladder began on the node', deadlineMs: 20_000, everyMs: 50, signal: t.signal })
  assert.deepEqual(readdirSync(sshd.folder), before)
})

test('a host key that is not the one seen first ends the climb before anybody logs in, and a kind that was not seen is not asked for', async (t) => {
  const sshd = await startSshd(t)
  const target = await targetAt(sshd)
  await ladderTo(t, target).round(t.signal)
  const pinned = await readFile(target.ssh.knownHosts, 'utf8')
  assert.equal(pinned, `old/web-1 ${(await readFile(path.join(sshd.folder, 'host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')}\n`)
  const other = await readFile(`${await sshd.makeKey('other')}.pub`, 'utf8')
  await writeFile(target.ssh.knownHosts, `old/web-1 ${other}`)
  const logins = sshd.log().split('Accepted publickey').length
  const tries = await ladderTo(t, target).round(t.signal)
  assert.deepEqual(toldBy(tries), ['tcp fresh ok', 'banner fresh ok', 'kex fresh fail', ...unknownAbove('kex')])
  assert.equal(tries.find(({ rung }) => rung === 'kex')?.text, 'the host key of old/web-1 is not the one seen before')
  assert.equal(sshd.log().split('Accepted publickey').length, logins)
})

test('without a key nobody logs in, with a wrong one the node refuses; neither is told', async (t) => {
  const sshd = await startSshd(t)
  const target = await targetAt(sshd)
  const keyless = await ladderTo(t, { ...target, ssh: { ...target.ssh, login: null } }).round(t.signal)
  assert.deepEqual(toldBy(keyless), [...opened.slice(0, 3), 'auth fresh unknown', ...unknownAbove('auth')])
  const wrong = await readFile(await sshd.makeKey('wrong'), 'utf8')
  const refused = await ladderTo(t, { ...target, ssh: { ...target.ssh, login: { key: new Secret(wrong) } } }).round(t.signal)
  assert.deepEqual(toldBy(refused), [...opened.slice(0, 3), 'auth fresh fail', ...unknownAbove('auth')])
  assert.ok(!JSON.stringify([keyless, refused]).includes(wrong.split('\n')[1] ?? 'no key'))
})

test('a volume that is not there fails by its name; the other rungs are what they were', async (t) => {
  const target = await targetAt(await startSshd(t))
  const tries = await ladderTo(t, { ...target, volumes: ['/nowhere/at all'] }).round(t.signal)
  assert.deepEqual(toldBy(tries), [...opened, 'exec fresh ok', 'fsync fresh fail', 'echo fresh ok'])
  assert.match(tries.find(({ rung }) => rung === 'fsync')?.text ?? '', /^\/nowhere\/at all: .*No such file/)
})

test('a server that accepts and says nothing is given up, and holds no round up', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { ssh } = await targetAt(await startSshd(t))
  const tries = await ladderTo(t, { ssh: { ...ssh, port: address.port }, volumes: [], application: null }).round(t.signal)
  assert.deepEqual(toldBy(tries), ['tcp fresh ok', 'banner fresh fail', ...unknownAbove('banner')])
  assert.equal(tries.find(({ rung }) => rung === 'banner')?.text, 'no answer within 3 s')
})

test('a kept connection that broke is only believed after a fresh one was asked, which takes its place', async (t) => {
  const sshd = await startSshd(t)
  const ladder = ladderTo(t, await targetAt(sshd))
  await ladder.round(t.signal)
  for (const pid of sessionsAt(sshd.port)) process.kill(pid, 'SIGSTOP')
  const broken = await ladder.round(t.signal)
  assert.deepEqual(toldBy(broken).slice(4), ['exec kept ok', 'fsync kept ok', 'echo kept fail', 'exec fresh ok', 'fsync fresh ok', 'echo fresh ok'])
  assert.deepEqual(toldBy(await ladder.round(t.signal)).slice(4), ['exec kept ok', 'fsync kept ok', 'echo kept ok', 'exec fresh ok'])
})

test('a round ends with its signal, and its connections with it', async (t) => {
  const sshd = await startSshd(t)
  const ladder = ladderTo(t, await targetAt(sshd))
  await ladder.round(t.signal)
  const stop = new AbortController()
  const round = ladder.round(stop.signal)
  stop.abort(new Error('enough'))
  await assert.rejects(round, /enough/)
  ladder.close()
  const nobody = async () => await Promise.resolve(sessionsAt(sshd.port).length === 0 ? true : null)
  await waitUntil(nobody, { what: 'The end of the sessions', deadlineMs: 20_000, everyMs: 50, signal: t.signal })
})

/** Processes that sessions of this sshd began. */
function sessionsAt(port: number): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      return new RegExp(`\\0SSH_CONNECTION=\\S+ \\d+ \\S+ ${port}\\0`).test(`\0${readFileSync(`/proc/${entry}/environ`, 'latin1')}`) ? [Number(entry)] : []
    } catch {
      return []
    }
  })
}
