// Bad weather between Lifeboat and a provider, the same for every kind: each case is a correct answer or one clear error
// of the outside world, and what is left out is told. The provider's simulator stands behind a proxy that strikes.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { exitStatusOf, LifeboatError, type ErrorCode } from '../../src/core/errors.ts'
import { nodeSchema } from '../../src/core/node.ts'
import type { Source, SourceAnswer } from '../../src/providers/provider.ts'
import { count, startFaultProxy, type FaultProxy, type Strike } from '../support/fault-proxy.ts'
import { soon } from '../support/failures.ts'
import { answers, changesCertificate, floods, labels, rewrites, stops } from '../support/faults.ts'
import { startTlsServer } from '../support/web-server.ts'

type Test = { readonly after: (act: () => Promise<void>) => void }
export type At = { readonly url: string; readonly fingerprint: string }

/** One kind of provider with three machines or more, `web-1` among them. Patterns are those of fault-proxy.ts. */
export type Weather = {
  /** Starts the simulator; answers where it is. Each list comes in pages of one. */
  readonly start: (t: TestContext) => Promise<string>
  readonly open: (t: Test, at: At) => Promise<Source>
  /** The same in lifeboat.yaml, without url and tls; its password comes from PASSWORD. */
  readonly keys: string
  readonly password: string
  /** The first request of the log-in that carries the password. */
  readonly login: RegExp
  /** The request that lists what there is; without it there is no inventory. */
  readonly list: RegExp
  /** A page after the first one of a list of machines. */
  readonly page: RegExp
  /** How this kind says that a session is over. */
  readonly sessionLost: Strike
  /** How it refuses in words. */
  readonly refuses: (words: string) => Strike
}

type Expected = 'all' | readonly [ErrorCode, RegExp]
type Case = { readonly title: string; readonly with: Strike; readonly times?: number; readonly expected: Expected }

const page = '<!DOCTYPE html><html><body><form action="/login"><input type="password"></form></body></html>'
const hours = (ahead: number, seconds = 0): string => new Date(Date.now() + ahead * 3_600_000 + seconds * 1000).toUTCString()
const always = Number.POSITIVE_INFINITY
const bomb = `<!DOCTYPE a [<!ENTITY a "ha">${Array.from('bcdefghij', (name, place) => `<!ENTITY ${name} "${`&${'abcdefghi'[place]};`.repeat(10)}">`).join('')}]>`

const cases: readonly Case[] = [
  { title: '503 is asked again', with: answers(503, 'busy'), expected: 'all' },
  { title: '503 with Retry-After in seconds is asked again', with: answers(503, '', { 'retry-after': '1' }), expected: 'all' },
  { title: '503 with Retry-After as a date is asked again', with: async () => busyUntil(0), expected: 'all' },
  { title: 'that date is read by the clock of the service, hours ahead', with: async () => busyUntil(26), expected: 'all' },
  { title: 'or hours behind', with: async () => busyUntil(-26), expected: 'all' },
  {
    title: '503 for an hour is unreachable at once',
    with: answers(503, '', { 'retry-after': '3600' }),
    expected: ['source-unreachable', /too busy: it answered 503/],
  },
  { title: '429 is asked again', with: answers(429, 'slow down', { 'retry-after': '1' }), expected: 'all' },
  { title: 'a body that is cut off once is asked for again', with: stops('cut'), expected: 'all' },
  {
    title: 'a body that is cut off every time is unreachable',
    with: stops('cut'),
    times: always,
    expected: ['source-unreachable', /closed the connection before its answer ended/],
  },
  { title: 'XML that ends early is malformed', with: rewrites((text) => text.slice(0, text.length / 2)), expected: ['answer-malformed', /broken or cut off/] },
  { title: 'an empty answer is malformed', with: answers(200, ''), expected: ['answer-malformed', /broken or cut off|0 XML documents|with nothing/] },
  { title: 'XML that is called plain text is read', with: labels({ 'content-type': 'text/plain' }), expected: 'all' },
  {
    title: 'JSON is malformed',
    with: answers(200, '{"value":[]}', { 'content-type': 'application/json' }),
    expected: ['answer-malformed', /broken or cut off|0 XML documents/],
  },
  {
    title: 'other XML is malformed',
    with: answers(200, '<soup xmlns="urn:soup"/>'),
    expected: ['answer-malformed', /not (?:that of|as)|answers a query with soup|something else/],
  },
  {
    title: 'a log-in page with 200 is malformed',
    with: answers(200, page, { 'content-type': 'text/html' }),
    expected: ['answer-malformed', /with a web page instead of XML/],
  },
  {
    title: 'a proxy with nobody behind it is unreachable',
    with: answers(502, '<html>bad gateway</html>'),
    expected: ['source-unreachable', /a proxy before it answers 502/],
  },
  { title: 'an entity bomb is refused', with: answers(200, `${bomb}<a>&j;</a>`), expected: ['answer-malformed', /declares a document type/] },
  {
    title: 'an external entity is refused',
    with: answers(200, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    expected: ['answer-malformed', /declares a document type/],
  },
  {
    title: 'XML a thousand elements deep is refused',
    with: answers(200, '<a>'.repeat(1000) + '</a>'.repeat(1000)),
    expected: ['answer-malformed', /deeper than 100/],
  },
  { title: 'a clock that is hours off changes nothing', with: labels({ date: hours(26) }), times: always, expected: 'all' },
]

/** Of whoever stands where the provider should be. */
const strangers: readonly Case[] = [
  { title: 'a log-in page', with: answers(200, page, { 'content-type': 'text/html' }), expected: ['answer-malformed', /with a web page instead of XML/] },
  { title: 'a server without such a page', with: answers(404, 'not here'), expected: ['answer-malformed', /404|has no log-in/] },
  { title: 'other XML', with: answers(200, '<soup xmlns="urn:soup"/>'), expected: ['answer-malformed', /but not (?:that of|as)/] },
  { title: 'a proxy with nobody behind it', with: answers(504, ''), expected: ['source-unreachable', /a proxy before it answers 504/] },
  { title: 'a service that is down for an hour', with: answers(503, '', { 'retry-after': '3600' }), expected: ['source-unreachable', /too busy/] },
]

function busyUntil(ahead: number): Awaited<ReturnType<Strike>> {
  return { status: 503, headers: { date: hours(ahead), 'retry-after': hours(ahead, 1) }, body: '' }
}

/** Registers the tests. */
export function badInputConformance(name: string, weather: Weather): void {
  const title = (fact: string): string => `${name}: ${fact}`
  for (const each of cases) {
    test(title(each.title), async (t) => {
      const { source, proxy, all } = await scene(t, weather)
      proxy.strike({ on: weather.list, times: each.times ?? 1, with: each.with })
      await check(source, each.expected, all)
    })
  }
  sessionTests(title, weather)
  strangerTests(title, weather)
  test(title('a body that stops is given up long before the deadline of the call'), async (t) => {
    const { source, proxy } = await scene(t, weather)
    proxy.strike({ on: weather.list, times: always, with: stops('stall') })
    const begun = performance.now()
    await check(source, ['source-unreachable', /no byte .* for 30 s/])
    const took = performance.now() - begun
    assert.ok(took > 29_000 && took < 50_000, `${took} ms`)
  })
  test(title('an answer of a gigabyte is refused in bounded memory'), async (t) => {
    const { source, proxy } = await scene(t, weather)
    const flood = floods(1024 ** 3)
    proxy.strike({ on: weather.list, with: flood.with })
    const before = process.memoryUsage().rss
    await check(source, ['answer-malformed', /more than 67108864 bytes/])
    const grown = (process.memoryUsage().rss - before) / 1024 ** 2
    t.diagnostic(`${flood.sent() / 1024 ** 2} MiB were sent, memory grew by ${Math.round(grown)} MiB`)
    assert.ok(grown < 400 && flood.sent() < 256 * 1024 ** 2)
  })
  for (const [what, odd] of Object.entries(oddNames)) {
    test(title(`a name with ${what} is read as it is`), async (t) => {
      const { source, proxy, all } = await scene(t, weather)
      proxy.strike({ times: always, with: rewrites(renamed('web-1', odd)) })
      const { nodes } = await source.nodes(soon())
      assert.deepEqual(
        nodes.map(({ name: read }) => read).toSorted(),
        all.nodes.map(({ name: real }) => (real === 'web-1' ? odd.toWellFormed() : real)).toSorted(),
      )
    })
  }
  test(title('a later page that is refused for ever leaves a part, and it is told'), async (t) => {
    for (const strike of [answers(403, ''), answers(500, ''), weather.refuses('not today')]) {
      const { source, proxy, all } = await scene(t, weather)
      proxy.strike({ on: weather.page, times: always, with: strike })
      const { nodes, complete, warnings } = await source.nodes(soon())
      assert.equal(complete, false)
      assert.ok(nodes.length > 0 && nodes.length < all.nodes.length, `${nodes.length} of ${all.nodes.length}`)
      const left = all.nodes.filter(({ id }) => !nodes.some((node) => node.id === id))
      // Where only that page has the names, it is said where the list ends.
      const told = warnings.map(({ text }) => text).join('\n')
      assert.ok(left.every(({ id }) => told.includes(id)) || /list \S+ ends early|ends after \d+ of \d+;/.test(told), told)
    }
  })
}

function sessionTests(title: (fact: string) => string, weather: Weather): void {
  test(title('a session that is lost between two pages starts the whole reading anew, once'), async (t) => {
    const { source, proxy, all } = await scene(t, weather)
    const logins = count(proxy, weather.login)
    proxy.strike({ on: weather.page, with: weather.sessionLost })
    await check(source, 'all', all)
    assert.equal(count(proxy, weather.login), logins + 1)
  })
  test(title('a session that is lost each time is an error that says so, after two log-ins'), async (t) => {
    const { source, proxy } = await scene(t, weather)
    proxy.strike({ on: weather.page, times: always, with: weather.sessionLost })
    const logins = count(proxy, weather.login)
    await check(source, ['source-session-lost', /ended the session while it was to/])
    assert.equal(count(proxy, weather.login), logins + 1)
  })
}

/** Somebody else in the place of the service: nothing that opens it may reach him. */
function strangerTests(title: (fact: string) => string, weather: Weather): void {
  for (const { title: who, with: strike, expected } of strangers) {
    test(title(`${who} in its place is told as what it is`), async (t) => {
      const proxy = await startFaultProxy(t, await weather.start(t), { times: always, with: strike })
      await check(await weather.open(t, proxy), expected)
    })
  }
  test(title('a certificate that is not the pinned one is refused before a byte is sent'), async (t) => {
    const proxy = await startFaultProxy(t, await weather.start(t))
    const source = await weather.open(t, { url: proxy.url, fingerprint: `sha256:${'AB'.repeat(32)}` })
    const failure = await failureOf(source)
    assert.equal(failure.code, 'certificate-untrusted')
    assert.ok(failure.message.includes(proxy.fingerprint.slice(7)), failure.message)
    assert.deepEqual(proxy.asked, [])
  })
  test(title('a certificate that changes is refused before another byte is sent'), async (t) => {
    const { source, proxy } = await scene(t, weather)
    proxy.strike({ on: weather.list, with: changesCertificate })
    await check(source, ['certificate-untrusted', /is not the one that is pinned; its SHA-256 is [0-9A-F:]{95},/])
    assert.ok(weather.list.test(lastLine(proxy)), 'nothing came after it')
  })
  for (const role of ['login', 'list'] as const) {
    test(title(`a redirect of the ${role} to another host is not followed`), async (t) => {
      const elsewhere = await startTlsServer(t, (_, response) => void response.end('<a/>'))
      const { proxy, at } = await scene(t, weather)
      proxy.strike({ on: weather[role], times: always, with: answers(307, '', { location: elsewhere.url }) })
      await check(await weather.open(t, at), ['answer-malformed', /redirects \(307\) to https:\/\/127\.0\.0\.1:\d+, which is not followed/])
      assert.deepEqual(elsewhere.bodies, [])
    })
  }
  test(title('words of the service come without control characters, and not at length'), async (t) => {
    const { source, proxy } = await scene(t, weather)
    proxy.strike({ on: weather.list, times: always, with: weather.refuses(`no\u001B]0;owned\u0007 \u202E${'way '.repeat(5000)}`) })
    const { code, message } = await failureOf(source)
    assert.equal(code, 'source-refused', message)
    assert.ok(message.includes('owned') && message.length < 1000 && !/[\p{Cc}\p{Cf}]/u.test(message), JSON.stringify(message.slice(0, 300)))
  })
}

type Scene = { readonly source: Source; readonly proxy: FaultProxy; readonly at: At; readonly all: SourceAnswer }

async function scene(t: TestContext, weather: Weather): Promise<Scene> {
  const proxy = await startFaultProxy(t, await weather.start(t))
  const source = await weather.open(t, proxy)
  return { source, proxy, at: proxy, all: await source.nodes(soon()) }
}

async function check(source: Source, expected: Expected, all?: SourceAnswer): Promise<void> {
  if (expected === 'all') {
    const answer = await source.nodes(soon())
    assert.deepEqual(answer, all)
    assert.ok(answer.complete && answer.nodes.length >= 3)
    for (const node of answer.nodes) nodeSchema.parse(node)
    return
  }
  const { code, message } = await failureOf(source)
  assert.equal(code, expected[0], message)
  assert.match(message, expected[1])
  assert.equal(exitStatusOf(code), 3)
  assert.equal(message.split('\n').length, 1)
}

async function failureOf(source: Source): Promise<LifeboatError> {
  const failure: unknown = await source.nodes(soon()).then(
    () => null,
    (error: unknown) => error,
  )
  assert.ok(failure instanceof LifeboatError, String(failure))
  return failure
}

export const oddNames: Readonly<Record<string, string>> = {
  'escape sequences': '\u001B[2J\u001B]0;owned\u0007gone\u009B31m',
  ']]>': 'x]]>y<b>&amp;"',
  'right-to-left marks': '\u202Egnp.exe\u2066\u200F',
  'line breaks': 'one\r\ntwo\u2028three',
  'half a letter': 'web\uD83D',
  '10,000 characters': 'é'.repeat(10_000),
}

/** A name in an answer replaced by another, which is written as numbers: how a service can send even what XML forbids. */
export function renamed(name: string, odd: string): (text: string) => string {
  return (text) => text.replaceAll(new RegExp(`(?<=[">])${name}(?=["<])`, 'g'), numbered(odd))
}

export function numbered(text: string): string {
  return Array.from(text, (letter) => `&#${letter.codePointAt(0)};`).join('')
}

function lastLine({ asked }: FaultProxy): string {
  const last = asked.at(-1)
  return last === undefined ? '' : `${last.method} ${last.path}\n${last.body}`
}
