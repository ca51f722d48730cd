// The promises of a Source, kept by vCloud Express in long lists and in pages of one. It has no snapshots and cannot unplug a machine.
import { describe } from 'node:test'
import { sourceConformance } from '../../conformance/source.ts'
import { openSource, startService } from './lab.ts'

for (const pageSize of [1, 50]) {
  describe(`pages of ${pageSize}`, () => {
    sourceConformance('terremark', async (t) => openSource(t, (await startService(t, { pageSize })).url), { snapshot: false, network: false })
  })
}
