import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { codeOf } from '../../src/core/errors.ts'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { always, inFolder, inLog, sampleAt } from './evidence.ts'

it(
  'a full disk refuses evidence, and once there is room again the log goes on, whole',
  { skip: process.getuid?.() === 0 ? false : 'a disk of its own needs root' },
  inFolder(async (folder) => {
    mkdirSync(folder)
    execFileSync('sh', ['-c', `mount -t tmpfs -o size=4m,mode=700 tmpfs ${folder}`])
    try {
      const log = await openEvidenceLog(path.join(folder, 'evidence'))
      const ballast = path.join(folder, 'ballast')
      const places = [...(await log.append([sampleAt(1)]))]
      // For what is small the segment has room, and the index has none; for what is large the segment has none.
      for (const [free, count] of [
        [4, 1],
        [1, 1],
        [8, 400],
      ] as const) {
        const { bavail, bsize } = statfsSync(folder)
        writeFileSync(ballast, Buffer.alloc(Math.max(0, (bavail - free) * bsize)))
        let refused: unknown = null
        for (let turn = 0; turn < 200 && refused === null; turn++)
          await log.append(Array.from({ length: count }, () => sampleAt(turn, { text: 'x'.repeat(200) }))).then(
            (kept) => void places.push(...kept),
            (error: unknown) => (refused = error),
          )
        assert.equal(codeOf(refused), 'state-disk-full', String(refused))
        rmSync(ballast)
        places.push(...(await log.append([sampleAt(1000)])))
        const { lines, broken } = await log.verify(places)
        assert.deepEqual([lines, broken], [places.length, null])
        assert.equal((await log.read(always)).length, places.length)
      }
      await log.close()
      const told: string[] = []
      await inLog(path.join(folder, 'evidence'), async (again) => assert.equal((await again.verify(places)).lines, places.length), {
        tell: (text) => told.push(text),
      })
      assert.deepEqual(told, [], 'nothing of what was refused is left')
    } finally {
      execFileSync('sh', ['-c', `umount --lazy ${folder}`])
    }
  }),
)
