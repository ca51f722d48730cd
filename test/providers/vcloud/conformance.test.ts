// The promises of a Source, kept by vCloud Director in both ways to log in, with one page and with many.
import { describe } from 'node:test'
import { sourceConformance } from '../../conformance/source.ts'
import { openSource, startDirector } from './lab.ts'

for (const [title, options] of [
  ['version 38, one page', {}],
  ['version 5.5, pages of 2', { versions: [{ version: '1.5' }, { version: '5.5' }], pageCap: 2 }],
] as const) {
  describe(title, () => {
    sourceConformance('vcloud', async (t) => openSource(t, await startDirector(t, options)))
  })
}
