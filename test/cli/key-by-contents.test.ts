// A private key by its contents, through the real command and controller: it logs in, and it is written nowhere.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { placesOf } from '../../src/controller/places.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { filesWith } from '../provision/world.ts'
import { openDesk } from '../support/cli.ts'
import { pidsWith } from '../support/processes.ts'
import { startSshd } from '../support/sshd.ts'

test('a key by its contents logs in, is written nowhere, and is waited for when the controller was killed', async (t) => {
  const server = await startSshd(t)
  const keyFile = await server.makeKey('operator')
  // The node never answers what it is asked, so nothing happens to this machine.
  await server.authorize(keyFile, 'sleep 1000')
  const desk = await openDesk(t)
  await desk.write(`project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 } ] }
  iron: { kind: static, nodes: [ { name: web-1, address: 127.0.0.2 } ] }
defaults:
  ssh: { user: ${server.user}, port: ${server.port}, key: env:OPERATOR_KEY }
moves:
  web-1: { from: { provider: old }, ssh: { address: 127.0.0.1 }, to: { provider: iron, ssh: { address: 127.0.0.2 } }, data: [ { kind: files, path: /srv/shop } ] }
  web-2: { from: { provider: old }, to: { provider: iron }, ssh: { key: env:NEVER_BROUGHT }, data: [ { kind: files, path: /srv/shop } ] }
`)
  const key = await readFile(keyFile, 'utf8')
  const brought = { OPERATOR_KEY: key.trimEnd(), NEVER_BROUGHT: 'no key' }
  const state = path.join(desk.folder, '.lifeboat')
  const logins = (): number => server.log().match(/Accepted publickey/g)?.length ?? 0
  const loggedIn = async (times: number): Promise<void> =>
    void (await waitUntil(async () => await Promise.resolve(logins() >= times ? true : null), {
      what: `Login number ${times}`,
      deadlineMs: 30_000,
      everyMs: 50,
      signal: AbortSignal.timeout(40_000),
    }))

  const begun = await desk.lifeboat(['migrate', 'web-1', '--detach', '--yes', '--json'], brought)
  assert.equal(begun.exitCode, 0, begun.stdout + begun.stderr)
  await loggedIn(1)
  // A line of the key's body is enough to tell it; quoting and escapes may change the ends of lines.
  const lines = key.split('\n').filter((line) => line.length > 60)
  assert.ok((await filesWith(server.folder, lines)).includes(keyFile))
  assert.deepEqual(await filesWith(state, lines), [])

  process.kill((JSON.parse(readFileSync(path.join(state, 'controller.json'), 'utf8')) as { pid: number }).pid, 'SIGKILL')
  // The line to the node lives on, and the next controller would go through it without logging in.
  for (const pid of pidsWith(`ssh: ${placesOf(state).sockets}/`)) process.kill(pid, 'SIGKILL')
  const waiting = await waitUntil(
    async () => {
      const { stdout } = await desk.lifeboat(['status', 'web-1', '--json'])
      return /"waitingFor":"credentials"/.test(stdout) ? stdout : null
    },
    { what: 'Waiting for credentials', deadlineMs: 60_000, everyMs: 200, signal: AbortSignal.timeout(90_000) },
  )
  assert.doesNotMatch(waiting, /NEVER_BROUGHT/)
  const { NEVER_BROUGHT: _, ...needed } = brought
  await desk.lifeboat(['status', 'web-1'], needed)
  await loggedIn(2)
  assert.deepEqual(await filesWith(state, lines), [])
})

test('a key that cannot be read ends the move with a sentence that shows nothing of it', async (t) => {
  const server = await startSshd(t)
  const desk = await openDesk(t)
  const locked = await readFile(await server.makeKey('locked', 'a passphrase'), 'utf8')
  await desk.write(`project: shop
providers:
  old: { kind: static, nodes: [ { name: web-1, address: 127.0.0.1 } ] }
  iron: { kind: static, nodes: [ { name: web-1, address: 127.0.0.2 } ] }
defaults:
  ssh: { user: ${server.user}, port: ${server.port}, key: "command:printenv LOCKED_KEY" }
moves:
  web-1: { from: { provider: old }, ssh: { address: 127.0.0.1 }, to: { provider: iron, ssh: { address: 127.0.0.2 } }, data: [ { kind: files, path: /srv/shop } ] }
`)
  const moved = await desk.lifeboat(['migrate', '--yes', '--json'], { LOCKED_KEY: locked })
  assert.equal(moved.exitCode, 3, moved.stdout + moved.stderr)
  assert.match(moved.stdout, /The ssh key for the source of web-1 has a passphrase/)
  assert.match(moved.stdout, /"code":"ssh-login"/)
  const lines = locked.split('\n').filter((line) => line.length > 60)
  assert.deepEqual(await filesWith(path.join(desk.folder, '.lifeboat'), lines), [])
  assert.ok(!lines.some((line) => (moved.stdout + moved.stderr).includes(line)))
})
