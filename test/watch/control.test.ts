// What a control target tells an observer of itself, rung by rung, on servers of this machine.
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { openControl } from '../../src/watch/control.ts'
import { toldBy } from '../support/climber.ts'
import { startSshd } from '../support/sshd.ts'
import { startTlsServer, startWebServer } from '../support/web-server.ts'

const round = async (t: TestContext, url: string) => await openControl(url).round(t.signal)
const told = async (t: TestContext, url: string): Promise<readonly string[]> => (await round(t, url)).map(({ rung, outcome }) => `${rung} ${outcome}`)

test('each scheme has its rungs; whatever a web server answers, it answers', async (t) => {
  const web = await startWebServer(t, (_, answer) => void answer.writeHead(503).end('not now'))
  assert.deepEqual(await told(t, web.url), ['tcp ok', 'app ok'])
  assert.deepEqual(await told(t, web.url.replace('http:', 'tcp:')), ['tcp ok'])
  assert.deepEqual(await told(t, `ssh://127.0.0.1:${(await startSshd(t)).port}`), ['tcp ok', 'banner ok'])
})

test('a certificate that nobody vouches for is no answer: somebody in between could give it', async (t) => {
  const web = await startTlsServer(t, (_, answer) => void answer.end('well'))
  const tries = await round(t, web.url)
  assert.deepEqual(toldBy(tries), ['tcp fresh ok', 'banner fresh fail'])
  assert.deepEqual(tries.at(-1), { ...tries.at(-1), rung: 'app', outcome: 'unknown', ms: null, text: 'banner failed' })
})

test('one that refuses, hangs up, or says nothing in time fails where it does', async (t) => {
  const server = createServer((socket) => void socket.on('error', () => undefined).destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  assert.deepEqual(await told(t, `http://127.0.0.1:${port}/`), ['tcp ok', 'app fail'])
  assert.deepEqual(await told(t, `ssh://127.0.0.1:${port}`), ['tcp ok', 'banner fail'])
  await new Promise((resolve) => server.close(resolve))
  assert.deepEqual(await told(t, `https://127.0.0.1:${port}/`), ['tcp fail', 'banner unknown', 'app unknown'])
})
