// Which rights an account lacks, as the vCenter itself tells.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withoutVcsim } from '../../support/vcsim.ts'
import { soon } from '../../support/failures.ts'
import { openSource, startProxy, startShop } from './lab.ts'

describe('rights', { skip: withoutVcsim }, () => {
  test('an account with all of them lacks none; one that is refused a right is told on which machine', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim, async ({ forward }, { body }) => {
      const answer = await forward()
      if (!body.includes('<HasPrivilegeOnEntities ')) return answer
      assert.match(body, /<sessionId>[^<]+<\/sessionId>/)
      // The first of each machine's answers: as a server says no.
      return { ...answer, body: answer.body.replaceAll(/(<privId>VirtualMachine\.Interact\.PowerOff<\/privId><isGranted>)true/g, '$1false') }
    })
    const ids = (await (await openSource(t, vcsim)).nodes(soon())).nodes.map(({ id }) => id).slice(0, 2)
    assert.deepEqual(await (await openSource(t, vcsim)).lacking?.(ids, soon()), [])
    assert.deepEqual(
      await (await openSource(t, vcsim, proxy)).lacking?.(ids, soon()),
      ids.map((node) => ({ node, right: 'VirtualMachine.Interact.PowerOff' })),
    )
  })

  test('a server that refuses the question, and no question at all, say nothing', async (t) => {
    const vcsim = await startShop(t)
    const source = await openSource(t, vcsim)
    assert.equal(await source.lacking?.([], soon()), null)
    await vcsim.order('/fault', { method: 'HasPrivilegeOnEntities', type: 'NoPermission' })
    assert.equal(await source.lacking?.(['vm-1'], soon()), null)
  })
})
