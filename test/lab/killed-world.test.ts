import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { z } from 'zod'
import { waitUntil } from '../../src/io/wait.ts'

const reportSchema = z.object({ world: z.string(), network: z.string(), processes: z.string(), devices: z.array(z.string()) })
type Report = z.infer<typeof reportSchema>

async function holdWorld(t: TestContext, mark: string): Promise<{ child: ChildProcess; report: Report }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'held-world.ts'), mark], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) return { child, report: reportSchema.parse(JSON.parse(line)) }
  assert.fail('the world ended before it was ready')
}

/** What a world has on the machine, by names that no other world has. */
function traces(mark: string, report: Report): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [network, processes] = ['net', 'pid'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`))
      const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8')
      if (network === report.network || processes === report.processes) found.push(`process ${pid}`)
      if (mounts.includes(mark)) found.push(`mounts of process ${pid}`)
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`machine=${mark}`)) found.push(`node ${pid}`)
    } catch {
      // It ended while we looked.
    }
  }
  for (const device of readdirSync('/sys/block').filter((name) => name.startsWith('loop'))) {
    try {
      if (readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8').includes(mark)) found.push(device)
    } catch {
      // It has no file, or lost it while we looked.
    }
  }
  return found
}

for (const [signal, seconds] of [
  ['SIGKILL', 10],
  ['SIGTERM', 10],
] as const) {
  test(`a world that is ended by ${signal} leaves no process, mount or loop device behind`, async (t) => {
    const mark = `left-${process.pid}-${signal.toLowerCase()}`
    const { child, report } = await holdWorld(t, mark)
    const before = traces(mark, report)
    assert.equal(before.filter((trace) => trace.startsWith('node')).length, 2)
    assert.equal(before.filter((trace) => trace.startsWith('loop')).length, 2)
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    await waitUntil(async () => await Promise.resolve(traces(mark, report).length === 0 ? true : null), {
      what: `The end of everything of the world (${traces(mark, report).join(', ')})`,
      deadlineMs: seconds * 1000,
      everyMs: 50,
      signal: t.signal,
    })
  })
}

test('a program outside of a world ends with the exit code of what ran inside', async () => {
  const script = `import { enterLab, insideLab } from ${JSON.stringify(path.join(import.meta.dirname, '../../lab/enter.ts'))}; await enterLab(); process.exit(insideLab() ? 42 : 1)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  assert.deepEqual(await once(child, 'exit'), [42, null])
})
