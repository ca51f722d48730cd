// Checks by way of the peer: what answers is what the peer reaches, never what this machine would reach itself.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import test from 'node:test'
import { runChecks, type AskDatabase, type Way } from '../../src/nodes/checks.ts'
import type { Conversation, Ssh } from '../../src/io/ssh.ts'
import { linkNode } from '../../src/nodes/link.ts'

const askDatabase: AskDatabase = async (data, statement) => {
  if (data !== 'shop-db') throw new Error(`no database ${data}`)
  if (statement !== 'select 1') throw new Error('syntax error')
  return await Promise.resolve()
}

const signal = AbortSignal.timeout(20_000)

/** A node whose commands run here: `dial` is what the helper's verb of that name does. */
function nodeWith(dial: readonly [string, ...string[]]): ReturnType<typeof linkNode> {
  const target = { alias: 'web-1', address: '127.0.0.1', port: 22, user: 'root', keyFile: null, agent: null, jump: null, sudo: false }
  const start = (): Conversation => {
    const child = spawn(dial[0], dial.slice(1), { stdio: ['pipe', 'pipe', 'ignore'] })
    return { stdin: child.stdin, stdout: child.stdout, ended: once(child, 'close').then(() => undefined), kill: () => void child.kill() }
  }
  const ssh: Ssh = {
    target,
    start,
    run: async () => await Promise.reject(new Error('not called')),
    config: () => '',
    close: async () => await Promise.resolve(),
  }
  return linkNode(ssh, 'web-1', () => '')
}

test('the ports of a move are checked over the peer, others directly', async (t) => {
  const server = http.createServer((_, answer) => answer.writeHead(204).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const asked: number[] = []
  const way: Way = {
    ports: [80],
    dial: async (wanted) => {
      asked.push(wanted)
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    },
  }
  const check = (url: string) => ({ kind: 'http', url, expect: 204, timeoutMs: 5000 }) as const
  const link = nodeWith(['false'])
  const results = await runChecks(
    [check('http://{address}/health'), check(`http://{address}:${port}/health`), { kind: 'tcp', port: 80, timeoutMs: 5000 }],
    link,
    signal,
    { askDatabase, way },
  )
  assert.deepEqual(
    results.map(({ passed, text }) => [passed, text]),
    results.map(() => [true, 'passed']),
  )
  assert.deepEqual(asked, [80, 80])
})

test('a statement passes when its database takes it, and fails with the words of the server', async () => {
  const sql = (data: string, statement: string) => ({ kind: 'sql', sql: statement, data, timeoutMs: 5000 }) as const
  const results = await runChecks([sql('shop-db', 'select 1'), sql('shop-db', 'selekt'), sql('other', 'select 1')], nodeWith(['false']), signal, {
    askDatabase,
  })
  assert.deepEqual(
    results.map(({ check, passed, text }) => [check, passed, text]),
    [
      ['`select 1` answers on shop-db', true, 'passed'],
      ['`selekt` answers on shop-db', false, 'syntax error'],
      ['`select 1` answers on other', false, 'no database other'],
    ],
  )
})

test('a connection of the peer begins after the line that tells of it, and is refused in words', async () => {
  const open = await nodeWith(['sh', '-c', 'printf "connected\\n"; exec cat']).dialPeer(80, signal)
  open.write('to and fro')
  assert.equal(String((await once(open, 'data'))[0]), 'to and fro')
  open.destroy()
  await assert.rejects(nodeWith(['sh', '-c', 'exit 1']).dialPeer(80, signal), { code: 'node-failed', message: /cannot connect to the other side/ })
})
