import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { htmlOf } from '../../src/report/html.ts'
import { markup } from '../../src/report/markup.ts'
import { reportOf } from '../../src/report/report.ts'
import type { ReportInput } from '../../src/report/schema.ts'
import { sampleInput } from './sample.ts'

const input = sampleInput()
const page = htmlOf(reportOf(input))
const limit = 500_000

describe('the page of a report', () => {
  it('needs nothing but itself: no script, no asset, links only to its own records', () => {
    assertHarmless(page)
    assert.doesNotMatch(page, /url\(|@import|https?:\/\/(?!\{address\})/)
  })

  it('links every number of a record to the record, which is on the page', () => {
    const links = [...page.matchAll(/href="#(r\d+)"/g)].map(([, id]) => id)
    const anchors = new Set([...page.matchAll(/id="(r\d+)"/g)].map(([, id]) => id))
    assert.ok(links.length > 300)
    assert.deepEqual(
      links.filter((id) => !anchors.has(id ?? '')),
      [],
    )
  })

  it('is the same to the byte for the same report', () => {
    assert.equal(htmlOf(reportOf(sampleInput())), page)
  })

  it('shows who approved what, and the last hash of each chain in full', () => {
    assert.match(page, /<h3>Approvals<\/h3>[^]*?<td>ops@desk<\/td><td><code>approve<\/code><\/td><td><code>b1946ac92492d234<\/code>, named with it<\/td>/)
    for (const { move, seq, hash } of reportOf(input).journal.heads) assert.ok(page.includes(`<li>${move}, up to record ${seq}: <code>${hash}</code></li>`))
  })

  it('draws a chart for the traffic and for each pause, with coordinates that are numbers', () => {
    assert.ok([...page.matchAll(/<svg class="chart"/g)].length > 10)
    assert.doesNotMatch(page, /NaN|Infinity|undefined|\[object|null/)
  })

  it('has dark colours for the screen that wants them and light ones for paper', () => {
    assert.match(page, /@media \(prefers-color-scheme:dark\)/)
    assert.match(page, /@media print\{:root\{color-scheme:light/)
  })

  it('shows a name with markup in it as text, wherever a name can stand', () => {
    const canary = `<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;`
    const html = htmlOf(reportOf(poisoned(input, () => canary)))
    assertHarmless(html)
    assert.ok(html.includes('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;alert(2)&#39;&gt;&amp;amp;'))
  })

  it('stays harmless whatever stands in names, texts and addresses', () => {
    const small = { ...input, records: input.records.slice(0, 120), traffic: { samples: (input.traffic?.samples ?? []).slice(0, 200), lostWrites: null } }
    const nasty = fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '-', '!', ' ', 'script', 'svg', '</style>', '-->', ']]>', '\u202e', '\u0000', '\ud800', 'é'),
    })
    fc.assert(
      fc.property(nasty, (text) => assertHarmless(htmlOf(reportOf(poisoned(small, () => text))))),
      { numRuns: 40 },
    )
  })

  it('makes characters visible that would turn the text around', () => {
    assert.equal(markup`<b>${'a\u202eb\u0007\ud800'}</b>`.markup, '<b>a\ufffdb\ufffd\ufffd</b>')
  })

  it('stays below 500 kB for a large project with long names and many requests', () => {
    const many = large()
    const started = performance.now()
    const html = htmlOf(reportOf(many))
    const seconds = (performance.now() - started) / 1000
    assert.ok(Buffer.byteLength(html) < limit, `${Buffer.byteLength(html)} bytes`)
    assert.ok(seconds < 20, `${seconds} s`)
    assert.match(html, /more in the JSON of this report/)
    assertHarmless(html)
  })

  it('can be made of nothing', () => {
    const html = htmlOf(reportOf({ project: 'shop', records: [] }))
    assert.match(html, /The journal is empty/)
    assertHarmless(html)
  })
})

/** Only tags and attributes that the report writes itself; every `<` of a name would begin another one. */
function assertHarmless(html: string): void {
  const tags = new Set([...html.matchAll(/<\/?([^\s>/]*)/g)].map(([, tag]) => tag))
  const own =
    '!doctype html head meta title style body main header section footer h1 h2 h3 p b i br small code span a ul li dl dt dd div table thead tbody tr th td figure figcaption svg path rect text'
  const strange = [...tags].filter((tag) => !own.split(' ').includes(tag ?? ''))
  assert.deepEqual(strange, [])
  const attributes = new Set(
    [...html.matchAll(/<[^\s>]+((?:\s[^<>]*)?)>/g)].flatMap(([, all]) =>
      [...(all ?? '').matchAll(/\s([a-zA-Z-]+)=(?="[^"]*")/g)].map(([, name]) => name ?? ''),
    ),
  )
  assert.deepEqual(
    [...attributes].filter((name) => /^on|^src$|^style$|^xlink/i.test(name)),
    [],
  )
  for (const [, target] of html.matchAll(/href="([^"]*)"/g)) assert.match(target ?? '', /^#r\d+$/)
}

/** Every text of the input that is not a step, a state or a time becomes another. */
function poisoned(from: ReportInput, by: (text: string) => string): ReportInput {
  const fixed = new Set(['schema', 'at', 'step', 'state', 'path', 'protocol', 'severity', 'outcome', 'possible'])
  const inside = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return fixed.has(key) ? value : by(value)
    if (Array.isArray(value)) return value.map((each) => inside(each, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inside(each, name)]))
  }
  // Only texts were exchanged for texts, so it has the type that it had.
  return inside(from) as ReportInput
}

function large(): ReportInput {
  const long = 'x'.repeat(300)
  const records = Array.from({ length: 12 }, (_, part) =>
    input.records.map((record) => ({ ...record, seq: record.seq + part * 1000, move: `${record.move}-${part}-${long}`, text: `${record.text} ${long}` })),
  ).flat()
  const moves = input.plan?.moves ?? []
  const longer = Array.from({ length: 12 }, (_, part) => moves.map((move) => ({ ...move, name: `${move.name}-${part}-${long}` }))).flat()
  const plan = input.plan ? { ...input.plan, moves: longer } : null
  const samples = Array.from({ length: 20 }, (_, part) =>
    (input.traffic?.samples ?? []).map((sample) => ({ ...sample, name: `${sample.name}-${part}` })),
  ).flat()
  return { ...input, records, plan, traffic: { samples, lostWrites: 0 } }
}
