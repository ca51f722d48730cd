import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { it } from 'node:test'
import { z } from 'zod'
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { inFolder } from './evidence.ts'

/** After how many acknowledgements it is killed. */
const rounds = [30, 171, 404]
const said = z.object({ seq: z.number(), hash: z.string(), sha256: z.string() })

it(
  'what the log acknowledged is there after its process was killed, at whatever moment',
  inFolder(async (folder) => {
    const acknowledged: z.infer<typeof said>[] = []
    for (const wanted of rounds) {
      const writer = spawn(process.execPath, [path.join(import.meta.dirname, 'log-writer.ts'), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      writer.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
        if (out.split('\n').length > wanted) writer.kill('SIGKILL')
      })
      await once(writer, 'close')
      acknowledged.push(
        ...out
          .split('\n')
          .slice(0, -1)
          .map((line) => said.parse(JSON.parse(line))),
      )
      assert.ok(acknowledged.length > 0)

      const log = await openEvidenceLog(folder)
      assert.deepEqual((await log.verify(acknowledged)).broken, null)
      const kept = new Map((await log.read({ from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' })).map(({ seq, hash }) => [seq, hash]))
      for (const { seq, hash, sha256 } of acknowledged) {
        assert.equal(kept.get(seq), hash)
        if (sha256 !== '') assert.notEqual(await log.raw(sha256), null)
      }
      await log.close()
    }
  }),
)
