// A provider that keeps people waiting: they hear of it while they wait.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import test from 'node:test'
import { openDesk } from '../support/cli.ts'

test('a provider that does not answer is told on stderr while the command waits, unless --quiet', async (t) => {
  const open = new Set<Socket>()
  // It takes connections and never says a word.
  const server = createServer((socket) => void open.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  const desk = await openDesk(t)
  await desk.write(`project: shop\nproviders:\n  vc: { kind: vsphere, url: "https://127.0.0.1:${port}/sdk", user: ops, password: env:VC_PASSWORD }\n`)
  const asked = (...args: string[]) => desk.lifeboat(['inventory', 'vc', '--json', ...args], { VC_PASSWORD: 'secret' })
  await desk.lifeboat(['status'])
  const [told, quiet] = await Promise.all([asked(), asked('--quiet')])
  for (const { exitCode, stdout } of [told, quiet]) {
    assert.equal(exitCode, 3, stdout)
    assert.equal((JSON.parse(stdout) as { code: string }).code, 'source-unreachable', stdout)
  }
  assert.match(told.stderr, /^No answer of vc for \d+ s\. /)
  assert.equal(quiet.stderr, '')
})
