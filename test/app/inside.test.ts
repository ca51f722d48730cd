// A look inside many nodes at the same time.
import assert from 'node:assert/strict'
import test from 'node:test'
import { withInside } from '../../src/app/inside.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Node } from '../../src/core/node.ts'
import { inventory, node } from '../core/planning.ts'

const named = (name: string, changes: Partial<Node> = {}): Node => node({ id: name, name, ...changes })

const answered = '@system\n|kernel\t6.1\n=system 0\n'

test('a node that hangs delays only itself: all others are read before it answers, 32 at a time', async () => {
  const others = Array.from({ length: 99 }, (_, number) => named(`web-${number}`))
  let [running, most, done] = [0, 0, 0]
  let allOthersAreDone = (): void => undefined
  const hanging = new Promise<void>((resolve) => (allOthersAreDone = resolve))
  const [looked] = await withInside([inventory([named('slow'), ...others])], async (_, { name }) => {
    most = Math.max(most, ++running)
    if (name === 'slow') await hanging
    else await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    if (name !== 'slow' && ++done === others.length) allOthersAreDone()
    return answered
  })
  assert.equal(most, 32)
  assert.deepEqual(
    looked?.nodes.map(({ name, inside }) => [name, inside?.system?.kernel]),
    [named('slow'), ...others].map(({ name }) => [name, '6.1']),
  )
})

test('a node that fails, is off or is no Linux says so itself, and hides none of the others', async () => {
  const windows = { family: 'windows', id: null, name: 'Windows Server 2022' } as const
  const nodes = [named('web-1'), named('db-1'), named('old-1', { power: 'off' }), named('base', { template: true }), named('office', { os: windows })]
  const [looked] = await withInside([inventory(nodes)], async (_, { name }) => {
    if (name === 'db-1') throw new LifeboatError('ssh-login', 'The node root@db-1:22 did not accept our key.')
    return await Promise.resolve(answered)
  })
  assert.deepEqual(
    looked?.nodes.map(({ inside, hazards }) => [inside?.system?.kernel, ...hazards.map(({ severity, code, text }) => `${severity} ${code}: ${text}`)]),
    [
      ['6.1'],
      [undefined, 'warning inside-unread: The node root@db-1:22 did not accept our key.'],
      [undefined, 'info inside-skipped: Not looked into: it is off.'],
      [undefined, 'info inside-skipped: Not looked into: it is a template.'],
      [undefined, 'info inside-skipped: Not looked into: it runs Windows Server 2022.'],
    ],
  )
})
