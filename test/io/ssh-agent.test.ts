// Keys by contents, with the real ssh-agent, ssh-add and sshd.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { Secret } from '../../src/core/secret.ts'
import { openSsh, type Ssh } from '../../src/io/ssh.ts'
import { openKeyring } from '../../src/io/ssh-agent.ts'
import { waitUntil } from '../../src/io/wait.ts'
import { pidsWith } from '../support/processes.ts'
import { startSshd, type SshServer } from '../support/sshd.ts'

const limit = () => AbortSignal.timeout(30_000)
const contentsOf = async (file: string): Promise<Secret> => new Secret(await readFile(file, 'utf8'))
const agentsOn = (socket: string): readonly number[] => pidsWith(`ssh-agent\0-a\0${socket}\0`)
const gone = async (socket: string): Promise<void> =>
  void (await waitUntil(async () => await Promise.resolve(agentsOn(socket).length === 0 ? true : null), {
    what: 'The end of the agent',
    deadlineMs: 5000,
    everyMs: 50,
    signal: limit(),
  }))

/** A login without master connection, so that each one shows its key. */
function login(server: SshServer, agent: string): Ssh {
  const target = { alias: 'web-1', address: '127.0.0.1', port: server.port, user: server.user, keyFile: null, agent, jump: null, sudo: false }
  return openSsh(target, { knownHosts: join(server.folder, 'known_hosts'), socketFolder: server.folder })
}

test('a key by its contents', async (t) => {
  const server = await startSshd(t)
  const [known, strange] = [await server.makeKey('known'), await server.makeKey('strange')]
  await server.authorize(known)
  const keyring = openKeyring(server.folder)
  t.after(async () => await keyring.close())

  await t.test('logs in, alone: no other key of this machine or of the keyring is offered', async () => {
    const refused = await keyring.hold(await contentsOf(strange), 'The key')
    await assert.rejects(login(server, refused.socket).run(['true'], { signal: limit() }), { code: 'ssh-login' })
    const held = await keyring.hold(await contentsOf(known), 'The key')
    const ssh = login(server, held.socket)
    assert.equal((await ssh.run(['echo', 'in'], { signal: limit() })).stdout, 'in\n')
    await ssh.close()
    assert.ok((await readFile(`${known}.pub`, 'utf8')).startsWith(`${held.publicKey} `))
    assert.equal(server.log().match(/Failed publickey/g)?.length ?? 0, 1)
  })

  await t.test('is held once, on a socket that is private', async () => {
    const key = await contentsOf(await server.makeKey('shared'))
    const [one, other] = await Promise.all([keyring.hold(key, 'The key'), keyring.hold(key, 'The key')])
    assert.deepEqual(one, other)
    assert.equal(statSync(one.socket).mode & 0o777, 0o600)
    assert.equal(agentsOn(one.socket).length, 1)
  })

  await t.test('may have lost its last newline, or have those of another system', async () => {
    const text = (await contentsOf(strange)).reveal()
    const held = await keyring.hold(new Secret(text), 'The key')
    for (const changed of [text.trimEnd(), text.replaceAll('\n', '\r\n')]) assert.deepEqual(await keyring.hold(new Secret(changed), 'The key'), held)
  })

  await t.test('is held again when somebody has ended its agent', async () => {
    const held = await keyring.hold(await contentsOf(known), 'The key')
    for (const pid of agentsOn(held.socket)) process.kill(pid, 'SIGKILL')
    await gone(held.socket)
    const again = await keyring.hold(await contentsOf(known), 'The key')
    assert.equal(again.publicKey, held.publicKey)
    const ssh = login(server, again.socket)
    assert.equal((await ssh.run(['echo', 'in'], { signal: limit() })).stdout, 'in\n')
    await ssh.close()
  })

  await t.test('that ssh-add refuses is told in a sentence that shows nothing of it', async () => {
    const locked = await contentsOf(await server.makeKey('locked', 'a passphrase'))
    const cut = new Secret((await contentsOf(known)).reveal().slice(0, 120))
    const hold = async (key: Secret) => await keyring.hold(key, 'The ssh key for the source of web-1')
    await assert.rejects(hold(locked), {
      code: 'ssh-login',
      message: 'The ssh key for the source of web-1 has a passphrase, for which nobody can be asked here.',
    })
    await assert.rejects(hold(cut), { code: 'ssh-login', message: 'The ssh key for the source of web-1 is no private key that ssh-add can read.' })
    assert.equal(readdirSync(server.folder).filter((file) => file.startsWith('agent-')).length, 3)
  })

  await t.test('is gone with the keyring, and its socket too', async () => {
    const { socket } = await keyring.hold(await contentsOf(known), 'The key')
    await keyring.close()
    await gone(socket)
    assert.ok(!existsSync(socket))
  })
})

test('the agent of a process that is killed ends too', async (t) => {
  const server = await startSshd(t)
  const key = await server.makeKey('known')
  const program = `
    import { readFileSync } from 'node:fs'
    import { Secret } from ${JSON.stringify(join(import.meta.dirname, '../../src/core/secret.ts'))}
    import { openKeyring } from ${JSON.stringify(join(import.meta.dirname, '../../src/io/ssh-agent.ts'))}
    const held = await openKeyring(${JSON.stringify(server.folder)}).hold(new Secret(readFileSync(${JSON.stringify(key)}, 'utf8')), 'The key')
    console.log(held.socket)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const socket = String((await once(child.stdout, 'data', { signal: limit() }))[0]).trim()
  assert.equal(agentsOn(socket).length, 1)
  child.kill('SIGKILL')
  await gone(socket)
})
