// The write that tells whether a disk takes writes: on the right file system, and without a trace.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { syncScript } from '../../src/watch/volume.ts'

const run = promisify(execFile)

test('the write goes to the file system of the data, beside them, and leaves nothing', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lifeboat-disk-'))
  t.after(async () => await rm(folder, { recursive: true, force: true }))
  const script = (prepare: string, data: string): string[] => [
    '--mount',
    'sh',
    '-c',
    `mount -t tmpfs -o size=1M tmpfs "$1" && cd "$1" && { ${prepare}; }; sh -c "$2"; echo "ended with $?"; cd "$1" && find . -mindepth 1 | sort`,
    'sh',
    folder,
    syncScript(path.join(folder, data)),
  ]
  const told = async (prepare: string, data: string): Promise<readonly string[]> => {
    const { stdout, stderr } = await run('unshare', script(prepare, data))
    const [ended = '', ...left] = stdout.trim().split('\n')
    return ended === 'ended with 0' ? [ended, ...left] : [ended, stderr.split('\n')[0] ?? '', ...left]
  }
  assert.deepEqual(await told('mkdir shop', 'shop'), ['ended with 0', './shop'])
  // The data are the root of the disk: a folder is made for it, which moves do not look at, and goes again.
  assert.deepEqual(await told('true', ''), ['ended with 0'])
  assert.deepEqual(await told('mkdir .lifeboat-deleted; touch .lifeboat-deleted/old', ''), ['ended with 0', './.lifeboat-deleted', './.lifeboat-deleted/old'])
  const [ended, why = '', ...left] = await told('mkdir shop; head -c 1M /dev/zero > full 2>/dev/null', 'shop')
  assert.deepEqual([ended, left], ['ended with 1', ['./full', './shop']])
  assert.match(why, /No space left/)
  assert.deepEqual(await told('true', 'gone'), ['ended with 1', `stat: cannot statx '${folder}/gone': No such file or directory`])
  const readOnly = await told('mkdir shop; mount -o remount,ro "$1"', 'shop')
  assert.deepEqual(readOnly, ['ended with 75', `nothing on the file system of ${folder}/shop may be written to`, './shop'])
})
