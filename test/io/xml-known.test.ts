// What the parser passed once is not looked at again: that must not be seen.
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { LifeboatError } from '../../src/core/errors.ts'
import { readXml, readXmlApart, type XmlElement } from '../../src/io/xml.ts'

test('what came before, letter by letter, reads as if it came for the first time', async () => {
  const tags = fc.constantFrom(
    '<a',
    '<x:b xmlns:x="urn:x" x:k="1"',
    '<x:b k="2"',
    '<c xmlns="urn:c" t="a ><a>"',
    '<i:d xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:T"',
  )
  const texts = fc.constantFrom(
    '',
    'text',
    ' ',
    '\n',
    '\r',
    ']',
    ']]',
    ']]>',
    '>',
    '&amp;',
    'ä',
    '\u0085',
    '\u2028',
    '🚢',
    '\u0001',
    '<!-- <a> -->',
    '<![CDATA[<a>]]>',
    '<?p <a>?>',
  )
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof({ maxDepth: 4 }, texts, fc.tuple(tags, fc.array(tie('document'), { maxLength: 4 }))),
  }))
  type Part = string | [string, Part[]]
  const written = (part: Part, blanks: () => string): string => {
    if (typeof part === 'string') return part
    const [tag, inside] = part
    const name = /^<(\S+)/.exec(tag)?.[1]
    return `${tag}${blanks()}>${inside.map((each) => written(each, blanks)).join('')}</${name}${blanks()}>`
  }
  const outcome = async (text: string, size: number): Promise<unknown> => {
    const taken: XmlElement[] = []
    const pieces = Array.from(text).reduce<string[]>((cut, letter, at) => (at % size === 0 ? [...cut, letter] : [...cut.slice(0, -1), cut.at(-1) + letter]), [])
    const take = (element: XmlElement): boolean => element.name === 'a' && taken.push(element) > 0
    const root = await readXmlApart(pieces, 'The shop', { inside: ['r'], take }).catch((error: unknown) =>
      error instanceof LifeboatError ? error.code : error,
    )
    return { root, taken }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(document as fc.Arbitrary<Part>, { maxLength: 6 }), fc.integer({ min: 1, max: 200 }), async (parts, size) => {
      let count = 0
      const same = written(['<r', [...parts, ...parts]], () => '')
      const different = written(['<r', [...parts, ...parts]], () => ' '.repeat(count++))
      assert.deepEqual(await outcome(same, size), await outcome(different, size))
    }),
    { numRuns: 1000 },
  )
})

test('the place of what is broken is told, however much of the same came before', () => {
  for (const times of [0, 1, 50]) {
    const start = `<r>${'<a x="1"><b>text</b></a>'.repeat(times)}`
    for (const [end, place] of [
      ['</b></r>', 4],
      ['<a x="1"><b>text</a></r>', 20],
      ['<a x="1">', 9],
    ] as const) {
      assert.throws(
        () => readXml(start + end, 'The shop'),
        (error) => error instanceof LifeboatError && error.message.includes(`after ${start.length + place} characters`),
      )
    }
  }
})
