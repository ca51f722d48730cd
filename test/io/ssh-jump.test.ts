// A jump host is reached as the node behind it: with the key of the move, and pinned in the same place. Real sshds.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'node:test'
import { openSsh } from '../../src/io/ssh.ts'
import { startSshd } from '../support/sshd.ts'

test('a node behind a jump host is reached with the key of the move, which is no default key of ours', async (t) => {
  const [jump, node] = [await startSshd(t), await startSshd(t)]
  const keyFile = await node.makeKey('with a space')
  await node.authorize(keyFile)
  await jump.authorize(keyFile)
  const knownHosts = join(node.folder, 'known%hosts')
  const target = { alias: 'old/web-1', address: '127.0.0.1', port: node.port, user: node.user, keyFile, agent: null, sudo: false }
  const ssh = openSsh({ ...target, jump: `${jump.user}@127.0.0.1:${jump.port}` }, { knownHosts, socketFolder: node.folder })
  t.after(async () => await ssh.close())
  const { stdout, stderr } = await ssh.run(['echo', 'behind'], { signal: AbortSignal.timeout(30_000) })
  assert.equal(stdout, 'behind\n', stderr + jump.log() + node.log())
  const pinned = await readFile(knownHosts, 'utf8')
  assert.match(pinned, /^old\/web-1 /m)
  assert.match(pinned, new RegExp(`^\\[127\\.0\\.0\\.1\\]:${jump.port} `, 'm'))
})
