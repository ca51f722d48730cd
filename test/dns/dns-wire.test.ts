import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeMessages } from '../../src/io/dns-wire.ts'
import { framed, startTcp } from '../support/dns-proxy.ts'
import { freePort } from '../support/dns-server.ts'

const first = Buffer.from([0, 1, 9, 9])
const second = Buffer.from([0, 2, 8, 8])

test('replies that come out of order, in single bytes, are given back in the order of the questions', async (t) => {
  const seen: Buffer[] = []
  const server = await startTcp(t, (socket, message) => {
    seen.push(message)
    if (seen.length < 2) return
    socket.setNoDelay(true)
    for (const byte of Buffer.concat([framed(Buffer.from([0, 7])), framed(second), framed(first)])) socket.write(Buffer.from([byte]))
  })
  assert.deepEqual(await exchangeMessages(server, [first, second], { signal: t.signal, deadlineMs: 5000 }), [first, second])
})

test('a stream that ends before the last answer fails and says how many came', async (t) => {
  const server = await startTcp(t, (socket, message) => {
    if (message[1] === 1) socket.write(framed(message))
    else socket.end(framed(message).subarray(0, 4))
  })
  const call = exchangeMessages(server, [first, second], { signal: t.signal, deadlineMs: 5000 })
  await assert.rejects(call, { code: 'dns-unreachable', message: /closed the connection after 1 of 2 answers/ })
})

test('a server that is silent fails at the deadline', async (t) => {
  const server = await startTcp(t, () => {})
  await assert.rejects(exchangeMessages(server, [first], { signal: t.signal, deadlineMs: 150 }), { code: 'dns-unreachable', message: /within 0\.15 s/ })
})

test('a server that talks of other things for ever fails at the deadline', async (t) => {
  const server = await startTcp(t, (socket) => {
    const timer = setInterval(() => socket.write(framed(Buffer.from([0, 9, 9]))), 5)
    socket.on('close', () => clearInterval(timer))
  })
  await assert.rejects(exchangeMessages(server, [first], { signal: t.signal, deadlineMs: 150 }), { code: 'dns-unreachable' })
})

test('a port where nobody listens fails at once', async (t) => {
  const call = exchangeMessages({ address: '127.0.0.1', port: await freePort() }, [first], { signal: t.signal, deadlineMs: 5000 })
  await assert.rejects(call, { code: 'dns-unreachable', message: /ECONNREFUSED/ })
})

test('an abort ends the wait with its reason', async (t) => {
  const stop = new AbortController()
  const reason = new Error('enough')
  const server = await startTcp(t, () => stop.abort(reason))
  await assert.rejects(exchangeMessages(server, [first], { signal: stop.signal, deadlineMs: 5000 }), reason)
})
