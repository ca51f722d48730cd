// Leaving a terminal ends nothing.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'
import { enterLab } from '../../lab/enter.ts'
import { repository } from '../../lab/place.ts'

await enterLab()
const { at, setScene } = await import('../support/scenario.ts')
const { startProber } = await import('../support/prober.ts')
const { finishClean } = await import('../support/ending.ts')

test('Ctrl-C detaches with 130 and says how to look again; the move goes on, and migrate attaches to it', async (t) => {
  const scene = await setScene()
  t.after(async () => await scene.stop())
  const prober = startProber(scene)
  const child = spawn(process.execPath, [path.join(repository, 'src/cli.ts'), 'migrate', '--yes'], { cwd: scene.folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  // Its own words, not the journal's: only then does it watch.
  await new Promise<void>((resolve) => child.stderr.on('data', () => (said.includes('prepare-node') ? resolve() : undefined)))
  child.kill('SIGINT')
  const code = await new Promise((resolve) => child.once('exit', resolve))
  assert.equal(code, 130)
  assert.match(said, /Detached; web-1 goes on\. Look again with: lifeboat migrate/)

  const again = await scene.begin('migrate', '--yes')
  assert.equal(again.exitCode, 0, again.stderr)
  assert.match(again.stderr, /web-1 runs already; watching it/)
  const begun = (await scene.journal()).filter(at('move', 'started'))
  assert.equal(begun.length, 1)
  assert.deepEqual(await prober.stop(), { lost: [], turns: ['source', 'target'] })
  await finishClean(scene)
})
