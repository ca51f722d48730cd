// A process that keeps evidence as fast as it can and says what was acknowledged, until it is killed: `log-writer.ts FOLDER`.
import { openEvidenceLog } from '../../src/watch/log/open.ts'
import { sampleAt } from './evidence.ts'

const log = await openEvidenceLog(process.argv[2] ?? '', { segmentBytes: 20_000 })
await Promise.all(
  ['paris', 'here', 'office'].map(async (observer) => {
    for (let at = 0; ; at++) {
      const sha256 = at % 10 === 0 ? await log.keepRaw(Buffer.from(`${observer} ${process.pid} ${at}`)) : ''
      const [place] = await log.append([sampleAt(at, { observer, text: sha256 }), sampleAt(at, { observer, rung: 'echo' })])
      process.stdout.write(`${JSON.stringify({ ...place, sha256 })}\n`)
    }
  }),
)
