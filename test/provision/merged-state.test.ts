// States of many stacks as one, and back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keysOf } from '../../src/provision/differences.ts'
import { holdsSecrets, mergeStates, unmerge, type NamedState } from '../../src/provision/merged-state.ts'
import type { Resource } from '../../src/provision/pending.ts'

const urnOf = (stack: string, type: string, name: string) => `urn:pulumi:${stack}::shop::${type}::${name}`
const rootOf = (stack: string) => urnOf(stack, 'pulumi:pulumi:Stack', `shop-${stack}`)
const providerType = 'pulumi:providers:aws'

/** What a stack holds: its root, providers in some regions, and objects that use one of them and some objects before them. */
const stackOf = (stack: string) =>
  fc
    .record({
      regions: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
      objects: fc.array(
        fc.record({ type: fc.constantFrom('aws:ec2/eip:Eip', 'aws:ebs/volume:Volume'), uses: fc.array(fc.nat(20), { maxLength: 3 }), by: fc.nat() }),
        {
          maxLength: 6,
        },
      ),
    })
    .map(({ regions, objects }): NamedState => {
      const root: Resource = { urn: rootOf(stack), type: 'pulumi:pulumi:Stack', outputs: { name: 'x' } }
      const providers = regions.map((region, at): Resource => ({
        urn: urnOf(stack, providerType, `p${at}`),
        type: providerType,
        id: `${stack}-${at}`,
        inputs: { region, list: ['x'] },
        parent: root.urn,
      }))
      const made: Resource[] = []
      for (const [at, { type, uses, by }] of objects.entries()) {
        const provider = providers[by % providers.length]
        made.push({
          urn: urnOf(stack, type, `web~${at}`),
          type,
          id: `i-${at}`,
          parent: root.urn,
          provider: `${provider?.urn}::${provider?.id}`,
          dependencies: uses.flatMap((use) => (made[use] ? [made[use].urn] : [])),
          inputs: { note: 'urn:pulumi:elsewhere::shop::a:b:c::d' },
        })
      }
      return { stack, resources: [root, ...providers, ...made] }
    })

const world = fc.tuple(stackOf('net-new'), stackOf('node-web-1'), stackOf('node-web-2'))

test('every object comes back as it was, with everything that it points to', () => {
  fc.assert(
    fc.property(world, (states) => {
      const { resources, providers } = mergeStates('shop', states)
      const back = (text: string) => unmerge(text)?.urn ?? text
      const objects = resources.filter(({ type }) => type.startsWith('aws:'))
      const before = states.flatMap(({ resources: all }) => all.filter(({ type }) => type.startsWith('aws:')))
      assert.deepEqual(
        objects.map(({ urn, dependencies, inputs, id }) => ({ urn: back(urn), id, inputs, uses: (dependencies as string[]).map(back) })),
        before.map(({ urn, dependencies, inputs, id }) => ({ urn, id, inputs, uses: dependencies })),
      )
      // The provider of each is one that was declared the same, though it may be that of another stack.
      const inputsOf = (all: readonly Resource[], reference: unknown) => all.find(({ urn, id }) => `${urn}::${id}` === reference)?.inputs
      const whole = states.flatMap(({ resources: all }) => all)
      for (const [at, object] of objects.entries()) assert.deepEqual(inputsOf(resources, object['provider']), inputsOf(whole, before[at]?.['provider']))
      assert.equal(providers.size, whole.filter(({ type }) => type === providerType).length)
    }),
  )
})

test('it is a state that the engine can read: one root, names once, and nothing points to what comes later or is not there', () => {
  fc.assert(
    fc.property(world, (states) => {
      const seen = new Set<string>()
      const { resources } = mergeStates('shop', states)
      for (const { urn, id, parent, provider, dependencies } of resources) {
        assert.ok(!seen.has(JSON.stringify(urn)), urn)
        for (const other of [parent, provider, ...((dependencies as string[] | undefined) ?? [])])
          assert.ok(other === undefined || seen.has(JSON.stringify(other)), JSON.stringify(other))
        seen.add(JSON.stringify(urn))
        seen.add(JSON.stringify(`${urn}::${id}`))
      }
      const equal = new Set(states.flatMap(({ resources: all }) => all.filter(({ type }) => type === providerType).map(({ inputs }) => JSON.stringify(inputs))))
      assert.equal(resources.filter(({ type }) => type === providerType).length, equal.size)
    }),
  )
})

test('what only its own stack can read is seen', () => {
  const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'v1:x' }
  const of = (inputs: Record<string, unknown>) => holdsSecrets({ stack: 'a', resources: [{ urn: urnOf('a', 'b', 'c'), type: 'b', inputs }] })
  assert.deepEqual([of({ deep: [{ password: secret }] }), of({ deep: ['x'] })], [true, false])
})

test('a path of the engine is read by its keys', () => {
  assert.deepEqual(keysOf('tags["lifeboat:move"]'), ['tags', 'lifeboat:move'])
  assert.deepEqual(keysOf('ingress[0].cidrBlocks[1]'), ['ingress', '0', 'cidrBlocks', '1'])
  assert.deepEqual(keysOf('["a\\"b"].c'), ['a"b', 'c'])
})
