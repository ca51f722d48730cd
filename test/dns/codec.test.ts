import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../src/core/errors.ts'
import { addressBytes, addressText } from '../../src/dns/address.ts'
import { decodeMessage, encodeMessage, type Message, type ResourceRecord } from '../../src/dns/codec.ts'
import { types, type RecordData } from '../../src/dns/record-data.ts'
import { nameBytes, readName } from '../../src/dns/wire-name.ts'

/** Like the values that the codec makes. */
const plain = { noNullPrototype: true } as const
const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array))

/** Any name that the wire can carry, whatever bytes its labels have. */
const anyName = fc.array(bytes(1, 20), { maxLength: 6 }).map((labels) => {
  const wire = Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])])
  return readName({ bytes: wire, at: 0 })
})

const address = (length: number) => bytes(length, length).map((one): RecordData => ({ kind: 'address', address: addressText(one) }))
const soa = fc.record(
  { kind: fc.constant('soa' as const), server: anyName, mailbox: anyName, serial: u32, refresh: u32, retry: u32, expire: u32, minimum: u32 },
  plain,
)
const typed = fc.oneof(
  fc.record({ type: fc.constant(types.A), data: address(4) }),
  fc.record({ type: fc.constant(types.AAAA), data: address(16) }),
  fc.record({ type: fc.constant(types.MX), data: fc.record({ kind: fc.constant('mail' as const), preference: u16, name: anyName }, plain) }),
  fc.record({ type: fc.constantFrom(types.NS, types.CNAME), data: anyName.map((name): RecordData => ({ kind: 'name', name })) }),
  fc.record({
    type: fc.constant(types.TXT),
    data: fc.array(bytes(0, 255), { minLength: 1, maxLength: 3 }).map((strings): RecordData => ({ kind: 'text', strings })),
  }),
  fc.record({ type: fc.constant(types.SOA), data: soa }),
  fc.record({ type: fc.integer({ min: 100, max: 300 }), data: bytes(1, 40).map((raw): RecordData => ({ kind: 'raw', bytes: raw })) }),
  fc.record({ type: u16, data: fc.constant<RecordData>({ kind: 'empty' }) }),
)
const record = fc
  .record({ name: anyName, class: u16, ttl: u32, typed }, plain)
  .map(({ typed: { type, data }, ...rest }): ResourceRecord => ({ ...rest, type, data }))
const section = fc.array(record, { maxLength: 4 })
const anyMessage: fc.Arbitrary<Message> = fc.record(
  {
    id: u16,
    response: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name: anyName, type: u16, class: u16 }, plain), { maxLength: 2 }),
    answers: section,
    authorities: section,
    additionals: section,
  },
  plain,
)

/** Reading either succeeds or fails with the one code for broken answers. */
function readsOrRefuses(input: Buffer): void {
  try {
    decodeMessage(input)
  } catch (error) {
    assert.equal(codeOf(error), 'answer-malformed', String(error))
  }
}

describe('a DNS message', () => {
  test('is the same after it was written and read', () => {
    fc.assert(fc.property(anyMessage, (message) => assert.deepEqual(decodeMessage(encodeMessage(message)).message, message)))
  })

  test('tells where its last record begins, which is where a signature would', () => {
    const property = fc.property(anyMessage, record, (message, last) => {
      const before = encodeMessage(message).length
      assert.equal(decodeMessage(encodeMessage({ ...message, additionals: [...message.additionals, last] })).lastRecordAt, before)
    })
    fc.assert(property)
  })

  test('of random bytes is refused as broken, never worse', () => {
    fc.assert(fc.property(bytes(0, 200), readsOrRefuses), { numRuns: 2000 })
  })

  test('with a few bytes changed is read or refused as broken, never worse', () => {
    const changes = fc.array(fc.record({ at: u16, byte: u8 }), { minLength: 1, maxLength: 6 })
    const property = fc.property(anyMessage, changes, (message, list) => {
      const input = encodeMessage(message)
      for (const { at, byte } of list) input[at % input.length] = byte
      readsOrRefuses(input)
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('that was cut anywhere is refused as broken', () => {
    const property = fc.property(anyMessage, fc.nat(), (message, cut) => {
      const input = encodeMessage(message)
      assert.throws(() => decodeMessage(input.subarray(0, cut % input.length)), { code: 'answer-malformed' })
    })
    fc.assert(property)
  })

  test('with bytes behind its end is refused as broken', () => {
    const property = fc.property(anyMessage, bytes(1, 5), (message, rest) => {
      assert.throws(() => decodeMessage(Buffer.concat([encodeMessage(message), rest])), { code: 'answer-malformed' })
    })
    fc.assert(property)
  })

  test('that claims more records than it has is refused at once', () => {
    const header = Buffer.from([0, 1, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    assert.throws(() => decodeMessage(header), { code: 'answer-malformed' })
  })

  test('longer than TCP carries is refused before it is sent', () => {
    const data: RecordData = { kind: 'raw', bytes: Buffer.alloc(40_000) }
    const big: ResourceRecord = { name: 'a.example', type: 99, class: 1, ttl: 0, data }
    const message = { ...decodeMessage(Buffer.alloc(12)).message, answers: [big, big] }
    assert.throws(() => encodeMessage(message), { code: 'names-unfit' })
  })

  test('reads names that point to earlier ones', () => {
    const head = Buffer.from([0, 1, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0])
    const question = Buffer.concat([nameBytes('www.shop.example'), Buffer.from([0, 2, 0, 1])])
    // The owner points to the question, the data is `ns1` before a pointer to `shop.example` inside of it.
    const answer = Buffer.from([0xc0, 12, 0, 2, 0, 1, 0, 0, 0, 9, 0, 6, 3, 0x6e, 0x73, 0x31, 0xc0, 16])
    const { message } = decodeMessage(Buffer.concat([head, question, answer]))
    assert.deepEqual(message.answers, [{ name: 'www.shop.example', type: 2, class: 1, ttl: 9, data: { kind: 'name', name: 'ns1.shop.example' } }])
  })

  test('whose names point to themselves, forward or in a circle is refused', () => {
    const name = (...wire: number[]) => Buffer.from([0, 1, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...wire, 0, 1, 0, 1])
    for (const wire of [[0xc0, 12], [0xc0, 14], [1, 0x61, 0xc0, 12], [0xff, 0xff], [0x40, 1], [0x80]]) {
      assert.throws(() => decodeMessage(name(...wire)), { code: 'answer-malformed' })
    }
  })

  // Read naively, 8,000 chained pointers cost some 32 million steps for each name: this would run into the limit.
  test('with a long chain of pointers does not keep its reader busy', { timeout: 30_000 }, () => {
    const chain = Buffer.concat(Array.from({ length: 8000 }, (_, at) => Buffer.from([0xc0 | ((12 + 2 * at - 2) >> 8), (12 + 2 * at - 2) & 0xff])))
    const head = Buffer.from([0, 1, 0x84, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0])
    assert.throws(() => decodeMessage(Buffer.concat([head, chain])), { code: 'answer-malformed' })
  })
})

describe('a domain name', () => {
  test('is the same after it was written and read', () => {
    fc.assert(fc.property(anyName, (name) => assert.equal(readName({ bytes: nameBytes(name), at: 0 }), name)))
  })

  test('that the wire cannot carry is refused with the reason', () => {
    const long = Array.from({ length: 9 }, () => 'a'.repeat(30)).join('.')
    for (const [name, reason] of [
      ['a..b', /label in it is empty/],
      ['', /label in it is empty/],
      ['.a', /label in it is empty/],
      [`${'a'.repeat(64)}.b`, /has 64 bytes, the limit is 63/],
      [long, /280 bytes long, the limit is 255/],
      ['a b', /character/],
      ['a\\', /character/],
      ['a\\300', /character/],
      ['ä.example', /character/],
    ] as const) {
      assert.throws(() => nameBytes(name), { code: 'names-unfit', message: reason })
    }
  })
})

describe('an address', () => {
  test('is the same after it was written and read, and the writing cannot be written shorter', () => {
    fc.assert(fc.property(fc.oneof(bytes(4, 4), bytes(16, 16)), (one) => assert.deepEqual(addressBytes(addressText(one)), one)))
    const url = fc.property(bytes(16, 16), (one) => assert.equal(`[${addressText(one)}]`, new URL(`http://[${addressText(one)}]`).hostname))
    fc.assert(url)
  })

  test('has one short spelling', () => {
    for (const [long, short] of [
      ['2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
      ['1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
      ['::ffff:192.0.2.1', '::ffff:c000:201'],
      ['1::', '1::'],
    ] as const) {
      assert.equal(addressText(addressBytes(long) ?? Buffer.alloc(0)), short)
    }
    for (const none of ['', '1.2.3', '01.2.3.4', '1.2.3.4 ', 'fe80::1%eth0', ':::', 'www.example']) assert.equal(addressBytes(none), null)
  })
})
