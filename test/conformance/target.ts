// What every target promises. Its own test gives a move that it can really place, and a way to run programs without an engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PlannedMove } from '../../src/core/plan.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Outputs, Target } from '../../src/providers/provider.ts'
import { dataLayer } from '../../stacks/data.ts'
import { netLayer, type Layer, type Run } from '../../stacks/net.ts'
import { nodeLayer } from '../../stacks/node.ts'

export type TargetUnderTest = {
  readonly target: Target
  readonly move: PlannedMove
  /** Runs a program and answers its outputs, and all that it registered as plain values. */
  readonly run: (
    program: () => Promise<Outputs>,
  ) => Promise<{ readonly outputs: Outputs; readonly resources: readonly { readonly name: string; readonly inputs: unknown }[] }>
}

const given: Run = { project: 'shop', run: 'run-1', authorizedKeys: ['ssh-ed25519 AAAAC3Nz ops@shop.example'] }

export function targetConformance(name: string, make: () => Promise<TargetUnderTest>): void {
  void test(`${name} keeps the promises of a target`, async (t) => {
    const { target, move, run } = await make()

    await t.test('its catalogue says of when and where from it is, and knows no price of zero', () => {
      const { kind, takenAt, origin, sizes, volumePrice, addressPrice } = target.catalog()
      assert.equal(kind, move.to.kind)
      assert.match(takenAt, /^\d{4}-\d\d-\d\d$/)
      assert.notEqual(origin, '')
      assert.equal(new Set(sizes.map((size) => size.name)).size, sizes.length)
      for (const size of sizes) assert.ok(size.cpus > 0 && size.memoryMiB > 0 && size.maxNics > 0, size.name)
      const prices = [volumePrice, addressPrice === 'included' ? null : addressPrice, ...sizes.map((size) => size.monthlyPrice)]
      for (const price of prices) assert.ok(price === null || price.amount > 0)
    })
    await t.test('its programs are pure: the same move gives the same declaration, under names of their own', async () => {
      const [first, second] = [await runLayers({ target, move, run }), await runLayers({ target, move, run })]
      assert.deepEqual(second, first)
      assert.equal(new Set(first.map(({ stack }) => stack)).size, first.length)
    })
    await t.test('its address comes from the outputs; without any it fails and says so', async () => {
      const node = (await runLayers({ target, move, run })).at(-1)
      assert.notEqual(target.address(node?.outputs ?? {}).public, '')
      assert.throws(
        () => target.address({}),
        (error) => error instanceof LifeboatError && error.code === 'provision-failed',
      )
    })
    await t.test('no declaration holds a secret of its environment', async () => {
      const declared = JSON.stringify((await runLayers({ target, move, run })).map(({ resources }) => resources))
      for (const value of Object.values(target.engine.environment)) if (value instanceof Secret) assert.ok(!declared.includes(value.reveal()))
    })
    await t.test('it reads any message of its provider without failing', () => {
      fc.assert(fc.property(fc.string(), (message) => [null, 'refused', 'unreachable'].includes(target.engine.readFailure(message))))
    })
  })
}

/** The layers that this target has for the move, each on the outputs of those below it; its node is the last. */
async function runLayers({ target, move, run }: TargetUnderTest) {
  const ranOf = async (layer: Layer | null) => (layer === null ? null : { stack: layer.stack, ...(await run(layer.program)) })
  const net = await ranOf(netLayer('new', target, given))
  const shared = net?.outputs ?? {}
  const data = await ranOf(dataLayer(move, target, shared, given))
  const node = await ranOf(nodeLayer(move, target, { shared, data: data?.outputs ?? {} }, given))
  return [net, data, node].filter((layer) => layer !== null)
}
