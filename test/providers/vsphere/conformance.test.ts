// The promises of a Source, kept by vSphere with the page cap of a real vCenter, and with one that makes many pages.
import { describe } from 'node:test'
import { sourceConformance } from '../../conformance/source.ts'
import { withoutVcsim } from '../../support/vcsim.ts'
import { openSource, startShop } from './lab.ts'

for (const cap of ['2', '100']) {
  describe(`pages of ${cap}`, { skip: withoutVcsim }, () => {
    sourceConformance('vsphere', async (t) => openSource(t, await startShop(t, ['-page-cap', cap])))
  })
}
