// Words of providers, and text for terminals: whatever comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readXml } from '../../src/io/xml.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { isOfOne, quoted } from '../../src/providers/said.ts'
import { errorOf, faultOf, localizedFault } from '../../src/providers/vsphere/faults.ts'
import { escaped } from '../../src/core/terminal.ts'
import { printable } from '../../src/ui/table.ts'

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('a\u001B[2Jb', '\u202Ex', 'x\r\ny', 'é'.repeat(2000), '.', ' ...'))
const control = /[\p{Cc}\p{Cf}]/u

test('words are one line of at most 501 characters without control characters and secrets, or nothing', () => {
  const secret = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom('k', 'Q', '7', '$', '&') })
  fc.assert(
    fc.property(text, secret, text, (before, password, after) => {
      const said = quoted(before + password + after, [password, ''])
      if (said === null) return
      assert.ok(said.length <= 501 && said.length > 0 && !control.test(said), JSON.stringify(said))
      assert.ok(!said.includes(password) && said === said.trim())
    }),
  )
  assert.deepEqual([quoted(null), quoted(' .. '), quoted('No.\n Not now. ')], [null, null, 'No. Not now'])
  assert.equal(quoted('User a, password: x1 is wrong; token=abc'), 'User a, password: [secret] is wrong; token=[secret]')
})

test('a failure says something about the rest only when nobody could be asked', () => {
  const of = (code: 'source-refused' | 'source-unreachable' | 'source-session-lost' | 'answer-malformed'): boolean => isOfOne(new LifeboatError(code, 'x'))
  assert.deepEqual([of('source-refused'), of('answer-malformed'), of('source-unreachable'), of('source-session-lost')], [true, true, false, false])
  assert.equal(isOfOne(new TypeError('a defect')), false)
})

test('a fault of any shape is one clear failure', () => {
  const type = fc.constantFrom('', 'NoPermission', 'InvalidLogin', 'NotAuthenticated', 'ManagedObjectNotFound', 'SystemError')
  const written = text.map((each) => Array.from(each.toWellFormed().replaceAll('\u0000', ''), (letter) => `&#${letter.codePointAt(0)};`).join(''))
  fc.assert(
    fc.property(type, written, written, (name, words, inner) => {
      const detail = `<XFault xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="${name}"><privilegeId>${inner}</privilegeId></XFault>`
      const envelope = readXml(`<E><Body><Fault><faultstring>${words}</faultstring><detail>${detail}</detail></Fault></Body></E>`, 'It')
      const fault = faultOf(envelope)
      assert.ok(fault)
      for (const each of [fault, localizedFault(envelope)]) {
        const { message } = errorOf(each, 'It', 'do it')
        assert.ok(message.startsWith('It ') && message.length < 1200 && !control.test(message), JSON.stringify(message))
      }
    }),
  )
})

test('JSON for a terminal holds no control characters and reads back as it was; other text is cut and clean', () => {
  fc.assert(
    fc.property(text, (any) => {
      const json = escaped(JSON.stringify({ [any]: any }))
      assert.ok(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(json))
      assert.deepEqual(JSON.parse(json), { [any]: any })
      assert.ok(!control.test(printable(any)) && printable(any).length <= 240)
    }),
  )
})
