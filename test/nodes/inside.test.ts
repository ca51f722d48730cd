// The script that reads a node, run by shells of this machine.
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { exec } from '../../src/io/exec.ts'
import { allSections, insideScript, sectionsForMove } from '../../src/nodes/inside/script.ts'
import { readAnswer } from '../../src/core/inside/answer.ts'
import { readWriters } from '../../src/core/inside/processes.ts'
import { parseInside } from '../../src/core/inside/parse.ts'

const run = async (shell: readonly [string, ...string[]], input: string) =>
  await exec(shell[0], shell.slice(1), { input, deadlineMs: 60_000, signal: AbortSignal.timeout(60_000) })

const shells = [
  ['dash', '-s'],
  ['bash', '--posix', '-s'],
] as const

for (const shell of shells)
  test(`${shell[0]} runs it without a complaint, and all sections are answered`, async () => {
    // What takes long here says nothing of the script.
    const { stdout, stderr } = await run(
      shell,
      insideScript(
        50,
        allSections().filter(({ name }) => name !== 'changes'),
      ),
    )
    assert.equal(stderr, '')
    const missing = parseInside(stdout, '').unseen.filter(({ why }) => why.startsWith('the answer ended') || why.startsWith('nothing came'))
    assert.deepEqual(missing, [])
  })

test('a file that a process has open for writing is told with who it is; one that is only read is not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat it's "))
  const [written, read] = [join(folder, 'written'), join(folder, 'read')]
  for (const file of [written, read]) writeFileSync(file, '')
  const descriptors = [openSync(written, 'a'), openSync(read, 'r')]
  t.after(() => {
    for (const descriptor of descriptors) closeSync(descriptor)
    rmSync(folder, { recursive: true })
  })
  const sections = sectionsForMove(['/srv/nowhere', folder]).filter(({ name }) => name === 'writers')
  const section = readAnswer((await run(['sh', '-s'], insideScript(20, sections))).stdout).get('writers')
  assert.deepEqual(section === undefined ? [] : readWriters(section).map(({ files, program }) => [files, program?.includes('node')]), [[[written], true]])
})

test('a section that hangs is ended with all it started, and keeps what it had said', async () => {
  const hangs = { name: 'slow', seconds: 1, text: 'echo first | tag word; sleep 314 & sleep 315; echo never | tag word' }
  const next = { name: 'next', seconds: 1, text: 'echo second | tag word' }
  const answer = readAnswer((await run(['sh', '-s'], insideScript(20, [hangs, next]))).stdout)
  assert.deepEqual([answer.get('slow')?.end, answer.get('slow')?.rows('word')], ['late', ['first']])
  assert.deepEqual([answer.get('next')?.end, answer.get('next')?.rows('word')], ['done', ['second']])
  assert.equal((await run(['pgrep', '-f', 'sleep 31[45]'], '')).stdout, '')
})

test('the script ends by itself when its time is over, whatever is left to read', async () => {
  const hangs = { name: 'slow', seconds: 60, text: 'sleep 316' }
  const answer = readAnswer((await run(['sh', '-s'], insideScript(1, [hangs, { ...hangs, name: 'never' }]))).stdout)
  assert.deepEqual([...answer.keys()], ['slow'])
})

test('values with any bytes come out behind their own word', async () => {
  const odd = { name: 'odd', seconds: 2, text: String.raw`printf 'a\n@users\n=odd 0\n|user\tmallory\n\001\033[2J' | tag value` }
  const answer = readAnswer((await run(['sh', '-s'], insideScript(20, [odd]))).stdout)
  assert.deepEqual([...answer.keys()], ['odd'])
  assert.deepEqual(answer.get('odd')?.rows('value'), ['a', '@users', '=odd 0', '|user\tmallory', '\u0001\u001B[2J'])
})
