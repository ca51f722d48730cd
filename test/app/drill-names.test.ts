// A name of a drill leads to the standby and back, whatever fails in between; one that is not there is not made.
import assert from 'node:assert/strict'
import test from 'node:test'
import { pointAndBack } from '../../src/app/drill/names.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import type { DnsProvider, NameState } from '../../src/dns/provider.ts'

const name = 'drill.www.shop.example'
const standby = '203.0.113.11'
const source = '192.0.2.10'
const made: NameState = { name, a: [source], aaaa: ['2001:db8::10'], ttl: 60, epoch: null }

/** One authority. `fails`: the swaps with these numbers, before or after they were done. */
function zone(first: NameState, fails: Readonly<Record<number, 'before' | 'after'>> = {}) {
  let state = first
  const seen: string[][] = []
  const answer = async () => await Promise.resolve([state])
  const provider: DnsProvider = {
    keepsEpoch: true,
    read: answer,
    readAt: answer,
    authorities: async () => await Promise.resolve([{ address: '192.0.2.53', port: 53 }]),
    proveWrite: async () => await Promise.resolve(),
    swap: async ([swap]) => {
      const fate = fails[seen.length]
      assert.deepEqual(swap?.expected, state)
      if (fate !== 'before' && swap !== undefined) state = { name, ...swap.wanted }
      seen.push([...state.a, ...state.aaaa])
      if (fate !== undefined) throw new LifeboatError('dns-unreachable', 'The line was cut.')
      await Promise.resolve()
    },
  }
  return { provider, seen, now: () => [...state.a, ...state.aaaa] }
}

const point = async (provider: DnsProvider) => await pointAndBack(provider, [name], standby, 'web-1/3f2a', new AbortController().signal)

test('it leads to the standby alone, then to both addresses that it had', async () => {
  const { provider, seen } = zone(made)
  const [found] = await point(provider)
  assert.deepEqual([found?.code, found?.severity], ['canary', 'ok'])
  assert.deepEqual(seen, [[standby], [source, '2001:db8::10']])
})

test('one without an address is told and not touched', async () => {
  const { provider, seen } = zone({ name, a: [], aaaa: [], ttl: null, epoch: null })
  const [found] = await point(provider)
  assert.deepEqual([found?.code, found?.severity, seen], ['no-canary', 'error', []])
})

test('where the answer to the first change is lost it is put back all the same; where that fails somebody is told what to do', async () => {
  for (const fate of ['before', 'after'] as const) {
    const { provider, now } = zone(made, { 0: fate })
    const [found] = await point(provider)
    assert.deepEqual([found?.code, found?.severity, now()], ['dns-unreachable', 'error', [source, '2001:db8::10']], fate)
  }
  const [found] = await point(zone(made, { 1: 'before' }).provider)
  assert.match(found?.text ?? '', /^Not put back, so somebody must point drill\.www\.shop\.example to 192\.0\.2\.10, 2001:db8::10: The line was cut\.$/)
})
