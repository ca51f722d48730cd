// Fences by a command, and the ladder of fences over them: real commands, a real port.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { fencingOf } from '../../src/app/fences.ts'
import type { Config } from '../../src/config/schema.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { hookFence } from '../../src/nodes/fence/hook.ts'
import { fenceNode, readFence } from '../../src/workflows/fencing.ts'
import { fenceConformance } from '../conformance/fence.ts'

/** A power strip: a file is its switch. It reads its question and answers what is asked for. */
const strip = `read -r asked
case "$asked" in
  *'"op":"fence"'*) touch off ;;
  *'"op":"unfence"'*) rm -f off ;;
esac
if [ -e off ]; then echo '{"fenced":true,"text":"outlet 4 is off"}'; else echo '{"fenced":false}'; fi`

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-fence-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(path.join(folder, 'strip'), strip)
  return folder
}

const signal = () => AbortSignal.timeout(60_000)
const ordered = async () => await Promise.resolve()
const hook = (folder: string, command: string, deadlineMs = 30_000) => hookFence({ command, deadlineMs, folder, move: 'web-1', address: '127.0.0.1' })

fenceConformance('a hook', false, async (t) => {
  const folder = await folderOf(t)
  const isReachable = async () => await Promise.resolve(!existsSync(path.join(folder, 'off')))
  return { fence: hook(folder, 'sh strip'), other: hook(folder, 'sh strip'), id: 'vm-1', isReachable }
})

describe('a hook', () => {
  test('that fails, hangs, says nothing or does not confirm what it did is no fence, and says why', async (t) => {
    const folder = await folderOf(t)
    for (const [command, code, text] of [
      ['echo no outlet 4 >&2; exit 3', 'node-failed', 'The fence hook of web-1 ended fence with 3: no outlet 4.'],
      ['sleep 30', 'timeout', 'sh did not end within 1 s.'],
      ['true', 'answer-malformed', 'The fence hook of web-1 answered fence with something else than {"fenced": true or false}.'],
      [
        `grep -q is-fenced && echo '{"fenced":false}' || echo '{"fenced":true}'`,
        'node-failed',
        'The fence hook of web-1 does not confirm that vm-1 is cut off.',
      ],
    ] as const) {
      await assert.rejects(hook(folder, command, command === 'sleep 30' ? 1000 : 30_000).fence('vm-1', signal()), { code, message: text })
    }
  })

  test('is told the node and the move', async (t) => {
    const folder = await folderOf(t)
    await hook(folder, `tee asked >/dev/null; echo '{"fenced":true}'`).isFenced('vm-1', signal())
    const { readFile } = await import('node:fs/promises')
    assert.deepEqual(JSON.parse(await readFile(path.join(folder, 'asked'), 'utf8')), {
      schema: 'lifeboat.fence/1',
      op: 'is-fenced',
      move: 'web-1',
      node: { id: 'vm-1', address: '127.0.0.1' },
    })
  })
})

async function serving(t: TestContext): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const server: Server = createServer((socket) => void socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => await new Promise<void>((resolve) => void server.close(() => resolve()))
  t.after(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, stop }
}

describe('the fences of a move', () => {
  const nobody = async (): Promise<never> => await Promise.reject(new LifeboatError('ssh-unreachable', 'Nobody answers.'))
  const fencing = (folder: string, port: number, commands: readonly string[]) =>
    fencingOf({
      config: { providers: { iron: { kind: 'static' } } } as unknown as Config,
      folder,
      move: {
        name: 'web-1',
        fence: [{ kind: 'provider' }, { kind: 'ssh' }, ...commands.map((command) => ({ kind: 'hook' as const, command, deadlineMs: 30_000 }))],
        ports: [{ port, protocol: 'tcp', proxyProtocol: false }],
      },
      node: { provider: 'iron', id: 'vm-1', address: '127.0.0.1' },
      claimed: nobody,
    })

  test('are tried in their order until one is read back and the old address serves nobody', async (t) => {
    const folder = await folderOf(t)
    const { port, stop } = await serving(t)
    const ladder = fencing(folder, port, [`echo '{"fenced":true}'`, 'sh strip'])
    const first = await fenceNode(ladder, signal(), ordered)
    assert.equal(first.confirmed, false)
    assert.ok(first.text.startsWith(`hook says that the node is cut off, but 127.0.0.1:${port} still accepts connections.`), first.text)
    assert.ok(existsSync(path.join(folder, 'off')), 'the next one was tried')
    assert.deepEqual(
      first.rungs.map(({ kind, isFenced }) => [kind, isFenced]),
      [
        ['provider', false],
        ['ssh', false],
        ['hook', true],
        ['hook', true],
      ],
    )
    assert.match(first.text, /provider: The provider iron has no way to cut a node off \(kind static\)\. ssh: Nobody answers\./)
    await stop()
    const second = await fenceNode(ladder, signal(), ordered)
    assert.deepEqual([second.confirmed, second.rungs.length], [true, 3])
    assert.deepEqual(second.doors, [{ address: '127.0.0.1', port, answer: 'refuses' }])
  })

  test('are believed only as they are read, each within its time', async (t) => {
    const awake = setTimeout(() => {}, 60_000)
    t.after(() => clearTimeout(awake))
    const fence =
      (isFenced: boolean, act = async () => await Promise.resolve('Done.')) =>
      async () =>
        await Promise.resolve({ fence: act, isFenced: async () => await Promise.resolve(isFenced), unfence: async () => {}, close: async () => {} })
    const hangs = async (): Promise<never> => await new Promise<never>(() => {})
    const rungs = [
      { kind: 'provider' as const, id: 'vm-1', open: fence(false) },
      { kind: 'ssh' as const, id: 'vm-1', open: fence(true, hangs) },
    ]
    const { confirmed, text } = await fenceNode({ rungs, tryDoors: async () => await Promise.resolve([]), rungMs: 200 }, signal(), ordered)
    assert.equal(confirmed, false)
    assert.equal(text, 'The node is not cut off. provider: Done. ssh: The fence ssh took longer than 0.2 s.')
  })

  test('are read again without being tried: what was lifted meanwhile is no fence any more', async (t) => {
    const folder = await folderOf(t)
    const { port, stop } = await serving(t)
    await stop()
    const ladder = fencing(folder, port, ['sh strip'])
    assert.equal((await readFence(ladder, signal())).confirmed, false)
    assert.equal(existsSync(path.join(folder, 'off')), false, 'looking cuts nobody off')
    assert.equal((await fenceNode(ladder, signal(), ordered)).confirmed, true)
    assert.equal((await readFence(ladder, signal())).confirmed, true)
    await rm(path.join(folder, 'off'))
    assert.equal((await readFence(ladder, signal())).confirmed, false)
  })
})
