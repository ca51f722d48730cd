import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { LifeboatError } from '../../src/core/errors.ts'
import { at, attributeOf, childrenOf, escapeXml, readXml, readXmlApart, textAt, writeXml, type XmlElement } from '../../src/io/xml.ts'

const read = (document: string): XmlElement => readXml(document, 'The shop')

function refuses(document: string, sentence: RegExp): void {
  assert.throws(
    () => read(document),
    (error) => {
      assert.ok(error instanceof LifeboatError, String(error))
      assert.equal(error.code, 'answer-malformed')
      assert.match(error.message, sentence)
      return true
    },
  )
}

test('names are resolved through namespaces, whatever the prefixes', () => {
  const usual = read('<a:r xmlns:a="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><d xsi:type="a:Disk" size="1"/></a:r>')
  const odd = read('<r xmlns="urn:x"><d xmlns="" xmlns:_i="http://www.w3.org/2001/XMLSchema-instance" _i:type="Disk" size="1"/></r>')
  assert.equal(usual.name, 'r')
  assert.equal(usual.namespace, 'urn:x')
  assert.equal(odd.namespace, 'urn:x')
  for (const root of [usual, odd]) {
    assert.equal(at(root, 'd')?.type, 'Disk')
    assert.deepEqual([...(at(root, 'd')?.attributes ?? [])], [['size', '1']])
  }
  assert.equal(at(usual, 'd')?.typeNamespace, 'urn:x')
  assert.equal(at(usual, 'd')?.namespace, '')
})

test('an element may carry both a type and an xsi:type', () => {
  const root = read('<obj xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="VirtualMachine" xsi:type="ManagedObjectReference">vm-1</obj>')
  assert.equal(root.type, 'ManagedObjectReference')
  assert.equal(attributeOf(root, 'type'), 'VirtualMachine')
  assert.equal(root.text, 'vm-1')
})

test('values stay text: numbers, booleans, leading zeros, blanks', () => {
  const root = read('<r><a>007</a><b>1e3</b><c>true</c><d> two  words </d><e/><e/><f></f><g>9007199254740993</g></r>')
  assert.deepEqual(
    root.children.map(({ text }) => text),
    ['007', '1e3', 'true', ' two  words ', '', '', '', '9007199254740993'],
  )
  assert.equal(read('<r><e/><e/>x</r>').text, 'x')
})

test('entities of XML and numbers are decoded, CDATA is taken as it is, comments are dropped', () => {
  const root = read('<r a="&lt;&#65;&quot;">&amp;amp; &#x1F6A2;<!-- <!ENTITY no "no"> --> &apos;<![CDATA[<b>&amp;</b> <!DOCTYPE x>]]></r>')
  assert.equal(root.text, "&amp; 🚢 '<b>&amp;</b> <!DOCTYPE x>")
  assert.equal(attributeOf(root, 'a'), '<A"')
})

test('white space between elements is not text', () => {
  const root = read('\n<r>\n  <a>1</a>\n  <a>2</a>\n</r>\n')
  assert.equal(root.text, '')
  assert.deepEqual(
    childrenOf(root, 'a').map((child) => textAt(child)),
    ['1', '2'],
  )
})

test('a document type, and so every entity bomb or file inclusion, is refused', () => {
  const bomb = Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "&e${i};&e${i};">`).join('')
  refuses(`<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "ha">${bomb}]><r>&e20;</r>`, /declares a document type/)
  refuses('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', /declares a document type/)
  refuses('<!-- x --><!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><r/>', /declares a document type/)
  refuses('<r><!DOCTYPE r [<!ENTITY x "y">]>&x;</r>', /declares a document type/)
})

test('an entity that nobody declared is refused, not passed on', () => {
  refuses('<r>&nbsp;</r>', /entity that XML does not know/)
  refuses('<r>&x;</r>', /entity|broken/)
  refuses('<r>&toString;</r>', /entity/)
  refuses('<r>&__proto__;</r>', /entity/)
  refuses('<r>&#0;</r>', /entity|broken/)
  refuses('<r>&#x110000;</r>', /entity|broken/)
})

test('a web page in the place of an answer is named as one', () => {
  refuses('\n<!DOCTYPE html><html><head><title>Log in</title><br></head></html>', /with a web page instead of XML/)
  refuses('<html lang="en"><body>Please log in<p></body></html>', /with a web page instead of XML/)
})

test('what is broken, cut off or empty is refused without quoting it', () => {
  for (const document of [
    '',
    '   ',
    'plain words',
    '{"error":"secret"}',
    '<r><password>hunter2</r>',
    '<r><a>hunter2',
    '<r/><r/>',
    '<r>hunter2</r> hunter2',
    '<r a=1/>',
    '<r><a b="><c">x</a><c">x</a></r>',
  ]) {
    refuses(document, /^The shop answered with/)
    assert.throws(
      () => read(document),
      (error) => error instanceof LifeboatError && !/hunter2|secret/.test(`${error.message}${String(error.cause)}`),
    )
  }
})

test('elements that nest for ever are refused', () => {
  refuses('<a>'.repeat(5000) + '</a>'.repeat(5000), /nests deeper than 100/)
  refuses('<a>'.repeat(100_000), /broken|nests/)
  assert.equal(read('<a>'.repeat(90) + '</a>'.repeat(90)).name, 'a')
})

test('names that mean something to JavaScript do no harm', () => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    try {
      read(`<r ${name}="1"><${name}>x</${name}></r>`)
    } catch (error) {
      assert.ok(error instanceof LifeboatError && error.code === 'answer-malformed', String(error))
    }
  }
  assert.equal(Object.hasOwn(Object.prototype, 'x'), false)
})

test('an element is written back as it was read', () => {
  const xsi = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="http://www.w3.org/2001/XMLSchema"'
  const root = read(
    `<device xmlns="urn:vim25" ${xsi} x:type="VirtualVmxnet3"><key>4000</key><n x:type="s:string">a &amp; &lt;b&gt;</n><o type="Network">n-1</o></device>`,
  )
  assert.equal(
    writeXml(root),
    '<device xsi:type="VirtualVmxnet3"><key>4000</key><n xsi:type="xsd:string">a &amp; &lt;b&gt;</n><o type="Network">n-1</o></device>',
  )
})

test('any text survives being escaped and read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const root = read(`<r a="${escapeXml(text)}">${escapeXml(text)}</r>`)
      // oxlint-disable-next-line no-control-regex -- these are what XML forbids
      const carried = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '\uFFFD')
      assert.equal(root.text, carried)
    }),
  )
})

test('whatever comes, reading ends with an element or with answer-malformed', () => {
  const pieces = fc.constantFrom(
    '<a',
    '<',
    '>',
    '/>',
    '</a>',
    '<a>',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<!',
    '&',
    '&#',
    ';',
    '"',
    "'",
    '=',
    ' ',
    ':',
    'xmlns:x="y"',
    '<?',
    '?>',
    '\0',
    'x',
    '\uD800',
  )
  const documents = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 40 }).map((list) => list.join('')),
  )
  fc.assert(
    fc.property(documents, (document) => {
      try {
        assert.equal(typeof read(document).name, 'string')
      } catch (error) {
        assert.ok(error instanceof LifeboatError && error.code === 'answer-malformed', String(error))
      }
    }),
    { numRuns: 3000 },
  )
})

test('a cut in a real answer is always noticed', () => {
  const whole = '<?xml version="1.0"?><e:Envelope xmlns:e="urn:e"><e:Body><r a="1"><v>x &amp; y</v><v/></r></e:Body></e:Envelope>'
  for (let length = 0; length < whole.length; length += 1) refuses(whole.slice(0, length), /^The shop answered/)
})

test('where a document is cut into pieces makes no difference', async () => {
  const inside = fc.array(fc.constantFrom('<v a="ä">', '</v>', '<v/>', 'x &amp; 🚢', '\r\n', '<![CDATA[ ]] ]]>', '<!-- - -->', ' '), { maxLength: 20 })
  const outcome = async (act: () => XmlElement | Promise<XmlElement>): Promise<unknown> => {
    try {
      return await act()
    } catch (error) {
      return error instanceof LifeboatError ? error.code : error
    }
  }
  const nothing = { inside: [], take: () => false }
  await fc.assert(
    fc.asyncProperty(inside, fc.integer({ min: 1, max: 5 }), async (parts, size) => {
      const whole = `<r>${parts.join('')}</r>`
      const letters = Array.from(whole)
      const cut = Array.from({ length: Math.ceil(letters.length / size) }, (_, index) => letters.slice(index * size, (index + 1) * size).join(''))
      assert.deepEqual(await outcome(() => readXmlApart(cut, 'The shop', nothing)), await outcome(() => read(whole)))
    }),
  )
})

test('elements of one place are handed over one by one, and those that are taken are not in the tree', async () => {
  const taken: (string | null)[] = []
  const root = await readXmlApart(['<e:r xmlns:e="urn:e"><l><i>1</i><n>x</n><i>2</i></l><i>3</i>', '<m><i>4</i></m></e:r>'], 'The shop', {
    inside: ['r', 'l'],
    take: (element) => element.name === 'i' && taken.push(textAt(element)) > 0,
  })
  assert.deepEqual(taken, ['1', '2'])
  assert.deepEqual(
    at(root, 'l')?.children.map(({ name }) => name),
    ['n'],
  )
  assert.deepEqual([textAt(root, 'i'), textAt(root, 'm', 'i')], ['3', '4'])
})

test('a name with a control character in it is read as it is', () => {
  assert.equal(read('<r>web\u00011</r>').text, 'web\u00011')
  assert.equal(read('<?xml version="1.0"?><r>web&#27;1</r>').text, 'web\u001B1')
})

test('half a letter that is written as a number does not spoil the rest', () => {
  const root = read('<r a="&#xD83D;">web&#55357;&#x1F6A2;</r>')
  assert.deepEqual([root.text, attributeOf(root, 'a')], ['web\uFFFD🚢', '\uFFFD'])
})
