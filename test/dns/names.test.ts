import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { epochText, parseEpoch } from '../../src/dns/epoch.ts'
import { isWithin, normaliseName, replaceAddresses, splitFamilies, wildcardsOver } from '../../src/dns/names.ts'
import { distinct, parseEndpoint } from '../../src/dns/nameservers.ts'
import type { NameState } from '../../src/dns/provider.ts'

function state(a: string[], aaaa: string[] = []): NameState {
  return { name: 'www.shop.example', a, aaaa, ttl: 60, epoch: null }
}

describe('replacing the addresses of one node in a name', () => {
  test('leaves the addresses of other nodes', () => {
    assert.deepEqual(replaceAddresses(state(['192.0.2.10', '192.0.2.11']), ['192.0.2.10'], ['203.0.113.5']), { a: ['192.0.2.11', '203.0.113.5'], aaaa: [] })
  })

  test('takes away an old IPv6 address when the new node has none', () => {
    const next = replaceAddresses(state(['192.0.2.10'], ['2001:db8::10']), ['192.0.2.10', '2001:DB8:0::10'], ['203.0.113.5'])
    assert.deepEqual(next, { a: ['203.0.113.5'], aaaa: [] })
  })

  test('a second time changes nothing', () => {
    const address = fc.integer({ min: 1, max: 6 }).map((n) => (n % 2 ? `192.0.2.${n}` : `2001:db8::${n}`))
    const set = fc.uniqueArray(address, { minLength: 1 })
    const property = fc.property(set, set, set, (now, mine, theirs) => {
      const before = { ...state([]), ...splitFamilies(now) }
      if (![...mine, ...theirs].some((one) => now.includes(one))) return
      const once = replaceAddresses(before, mine, theirs)
      assert.ok(once.a.length + once.aaaa.length > 0)
      assert.deepEqual(replaceAddresses({ ...before, ...once }, mine, theirs), once)
      for (const one of now) if (!mine.includes(one)) assert.ok([...once.a, ...once.aaaa].includes(one), 'a foreign address stays')
      for (const one of theirs) assert.ok([...once.a, ...once.aaaa].includes(one), 'the new ones are there')
    })
    fc.assert(property)
  })

  test('there and back again gives what was before', () => {
    const before = state(['192.0.2.10', '192.0.2.11'], ['2001:db8::10'])
    const source = ['192.0.2.10', '2001:db8::10']
    const after = replaceAddresses(before, source, ['203.0.113.5'])
    assert.deepEqual(replaceAddresses({ ...before, ...after }, ['203.0.113.5'], source), { a: before.a, aaaa: before.aaaa })
  })

  test('is refused when the name has nothing of this node', () => {
    assert.throws(() => replaceAddresses(state(['198.51.100.7']), ['10.0.0.5'], ['203.0.113.5']), {
      code: 'names-unfit',
      message: /198\.51\.100\.7; none of it.*10\.0\.0\.5/,
    })
    assert.throws(() => replaceAddresses(state([]), ['10.0.0.5'], ['203.0.113.5']), { code: 'names-unfit', message: /has no address/ })
  })

  test('is refused when nothing would be left', () => {
    assert.throws(() => replaceAddresses(state(['192.0.2.10']), ['192.0.2.10'], []), { code: 'names-unfit', message: /without any address/ })
  })

  test('is refused for what is no address', () => {
    assert.throws(() => replaceAddresses(state(['192.0.2.10']), ['192.0.2.10'], ['target.example']), { code: 'names-unfit' })
  })
})

describe('a name from the configuration', () => {
  test('has one spelling', () => {
    for (const text of ['WWW.Shop.Example', 'www.shop.example.', 'www.shop.example']) assert.equal(normaliseName(text), 'www.shop.example')
    assert.equal(normaliseName('WWW.Müller.example'), 'www.xn--mller-kva.example')
    assert.equal(normaliseName('_sip.shop.example'), '_sip.shop.example')
  })

  test('that is a wildcard, broken or too long is refused', () => {
    for (const text of [
      '*.shop.example',
      'a.*.example',
      '',
      '.',
      'a b.example',
      'a..example',
      'http://shop.example',
      `${'a'.repeat(63)}.`.repeat(4) + 'example',
    ]) {
      assert.throws(() => normaliseName(text), { code: 'names-unfit' }, text)
    }
  })

  test('lies in its zone or it does not', () => {
    assert.ok(isWithin('shop.example', 'shop.example'))
    assert.ok(isWithin('shop.example', 'a.b.shop.example'))
    assert.ok(!isWithin('shop.example', 'workshop.example'))
    assert.ok(!isWithin('shop.example', 'example'))
  })

  test('could be answered for by a wildcard on each level up to the zone', () => {
    assert.deepEqual(wildcardsOver('a.b.shop.example', 'shop.example'), ['*.b.shop.example', '*.shop.example'])
    assert.deepEqual(wildcardsOver('shop.example', 'shop.example'), [])
  })
})

describe('the epoch record', () => {
  test('is read back as it was written', () => {
    const owner = fc.stringMatching(/^[a-z0-9-]{1,31}\/[0-9a-f]{4,32}$/)
    const property = fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), owner, (token, name) => {
      assert.deepEqual(parseEpoch(epochText({ token, owner: name })), { token, owner: name })
    })
    fc.assert(property)
    assert.equal(epochText({ token: 7, owner: 'web-1/3f2a' }), 'v=1 epoch=7 owner=web-1/3f2a')
  })

  test('in any other form is not ours', () => {
    const others = [
      '',
      'v=1',
      'v=2 epoch=7 owner=a/b',
      'v=1 epoch=07 owner=a/b',
      'v=1 epoch=-1 owner=a/b',
      'v=1 epoch=7 owner=',
      'v=1  epoch=7 owner=a/b',
      'v=1 epoch=7 owner=a/b ',
      'v=1 epoch=7 owner=a b',
      'V=1 epoch=7 owner=a/b',
      'v=1 epoch=9007199254740993 owner=a/b',
      'v=1 epoch=7 owner=a"b',
      'v=spf1 -all',
      'v=1 epoch=7 owner=a/b\n',
    ]
    for (const text of others) assert.equal(parseEpoch(text), null, text)
  })

  test('that cannot be written is a defect', () => {
    for (const epoch of [
      { token: -1, owner: 'a' },
      { token: 1.5, owner: 'a' },
      { token: 1, owner: 'a b' },
      { token: 1, owner: '' },
    ]) {
      assert.throws(() => epochText(epoch), { code: 'defect' })
    }
  })
})

test('a server is written as an address or host, with or without a port', () => {
  assert.deepEqual(parseEndpoint('192.0.2.53'), { address: '192.0.2.53', port: 53 })
  assert.deepEqual(parseEndpoint('192.0.2.53:5353'), { address: '192.0.2.53', port: 5353 })
  assert.deepEqual(parseEndpoint('2001:db8::53'), { address: '2001:db8::53', port: 53 })
  assert.deepEqual(parseEndpoint('[2001:db8::53]:5353'), { address: '2001:db8::53', port: 5353 })
  assert.deepEqual(parseEndpoint('ns1.example:5353'), { address: 'ns1.example', port: 5353 })
  for (const text of ['', '192.0.2.53:0', '192.0.2.53:65536', '[192.0.2.53]:1', 'a b', 'x:y']) assert.equal(parseEndpoint(text), null, text)
})

test('an authority that is known twice keeps the port that was configured', () => {
  const list = [
    { address: '192.0.2.1', port: 5353 },
    { address: '192.0.2.2', port: 53 },
    { address: '192.0.2.1', port: 53 },
  ]
  assert.deepEqual(distinct(list), [
    { address: '192.0.2.1', port: 5353 },
    { address: '192.0.2.2', port: 53 },
  ])
})
