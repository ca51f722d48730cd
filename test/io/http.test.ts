import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { LifeboatError, exitStatusOf } from '../../src/core/errors.ts'
import { openHttp, retryAfterMs, secondsAhead, type HttpConnection } from '../../src/io/http.ts'
import { normalFingerprint, type Trust } from '../../src/io/tls.ts'
import { failsWith } from '../support/failures.ts'
import { startTlsServer, startWebServer } from '../support/web-server.ts'

const signal = (): AbortSignal => AbortSignal.timeout(30_000)

function open(t: TestContext, trust?: Trust): HttpConnection {
  const http = openHttp({ service: 'The shop', unreachable: 'source-unreachable', trust })
  t.after(() => http.close())
  return http
}

test('an answer comes with its status, headers, cookies and text, whatever the status', async (t) => {
  const server = await startWebServer(t, (request, response, body) => {
    response.writeHead(
      404,
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-kind', 'shop'],
      ].flat(),
    )
    response.end(`${request.method} ${body} größer`)
  })
  const answer = await open(t).send({ url: server.url, method: 'POST', body: 'hello', signal: signal() })
  assert.equal(answer.status, 404)
  assert.deepEqual(answer.cookies, ['a=1', 'b=2'])
  assert.equal(answer.headers.get('x-kind'), 'shop')
  assert.equal(answer.text, 'POST hello größer')
})

test('a packed answer is unpacked', async (t) => {
  const server = await startWebServer(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000)))
  })
  assert.equal((await open(t).send({ url: server.url, signal: signal() })).text.length, 100_000)
})

test('an answer over the limit is refused while it comes, without reading the rest', async (t) => {
  let sent = 0
  const chunk = Buffer.alloc(64 * 1024, 'x')
  function* gigabyte(): Generator<Buffer> {
    for (; sent < 1024 ** 3; sent += chunk.length) yield chunk
  }
  const server = await startWebServer(t, (_, response) => void Readable.from(gigabyte()).pipe(response))
  const request = { url: server.url, signal: signal(), maxBytes: 4 * 1024 * 1024 }
  await assert.rejects(open(t).send(request), failsWith('answer-malformed', /more than 4194304 bytes/))
  assert.ok(sent < 64 * 1024 * 1024, `the server could send ${sent} bytes`)
})

test('a small answer that unpacks to a gigabyte is refused in bounded memory', async (t) => {
  const megabyte = Buffer.alloc(1024 * 1024)
  const packed = gzipSync(Buffer.concat(Array.from({ length: 256 }, () => megabyte)))
  const server = await startWebServer(t, (_, response) => {
    // Members of a gzip stream follow each other: four of 256 MiB.
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.concat([packed, packed, packed, packed]))
  })
  const before = process.memoryUsage().rss
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), failsWith('answer-malformed', /more than 67108864 bytes/))
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 300 * 1024 * 1024, `memory grew by ${grown} bytes`)
})

test('a packed answer that is cut off is malformed', async (t) => {
  const packed = gzipSync('x'.repeat(100_000))
  const server = await startWebServer(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed.subarray(0, packed.length - 12))
  })
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), failsWith('answer-malformed', /not proper HTTP/))
})

test('a busy service is asked again until it recovers, as late as it says', async (t) => {
  let busy = 2
  const times: number[] = []
  const server = await startWebServer(t, (_, response) => {
    times.push(performance.now())
    busy -= 1
    if (busy >= 0) response.writeHead(busy === 1 ? 503 : 429, { 'retry-after': '1' }).end('<html>busy</html>')
    else response.end('well again')
  })
  assert.equal((await open(t).send({ url: server.url, method: 'POST', signal: signal() })).text, 'well again')
  assert.equal(times.length, 3)
  assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990)
})

test('a service that stays busy is unreachable, with the time that it had', async (t) => {
  const server = await startWebServer(t, (_, response) => void response.writeHead(503).end())
  await assert.rejects(
    open(t).send({ url: server.url, signal: signal(), deadlineMs: 900 }),
    failsWith('source-unreachable', /answered 503 and did not recover within 0\.9 s/),
  )
})

test('a Retry-After beyond the deadline is not waited for', async (t) => {
  const server = await startWebServer(t, (_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end())
  const begin = performance.now()
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), failsWith('source-unreachable', /503/))
  assert.ok(performance.now() - begin < 5_000)
})

test('Retry-After is seconds or a date', () => {
  const now = Date.UTC(2026, 0, 1)
  assert.equal(retryAfterMs('120', now), 120_000)
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', now), 5_000)
  assert.equal(retryAfterMs('Thu, 01 Jan 2015 00:00:05 GMT', now), 0)
  assert.equal(retryAfterMs('soon', now), null)
  assert.equal(retryAfterMs(undefined, now), null)
})

test('a Retry-After date is read by the clock of the service, however far it is off', async (t) => {
  for (const hours of [-26, 26]) {
    let busy = true
    const there = (ahead: number): string => new Date(Date.now() + hours * 3_600_000 + ahead).toUTCString()
    const server = await startWebServer(t, (_, response) => {
      if (!busy) return void response.end('well again')
      busy = false
      response.writeHead(503, { date: there(0), 'retry-after': there(2000) }).end()
    })
    const begin = performance.now()
    assert.equal((await open(t).send({ url: server.url, signal: signal() })).text, 'well again')
    const waited = performance.now() - begin
    assert.ok(waited >= 1900 && waited < 20_000, `${waited} ms`)
  }
})

test('a redirect is followed on the same origin and nowhere else', async (t) => {
  const other = await startWebServer(t, (_, response) => void response.end('stolen'))
  const server = await startWebServer(t, (request, response) => {
    if (request.url === '/here') response.end('arrived')
    else response.writeHead(302, { location: request.url === '/away' ? other.url : '/here' }).end()
  })
  const http = open(t)
  assert.equal((await http.send({ url: server.url, signal: signal() })).text, 'arrived')
  await assert.rejects(http.send({ url: `${server.url}away`, signal: signal() }), failsWith('answer-malformed', /redirects \(302\) to http:.*not followed/))
  await assert.rejects(http.send({ url: server.url, method: 'POST', body: 'password', signal: signal() }), failsWith('answer-malformed', /redirects/))
  assert.equal(other.bodies.length, 0)
})

test('redirects in a circle end', async (t) => {
  const server = await startWebServer(t, (_, response) => void response.writeHead(302, { location: '/' }).end())
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), failsWith('answer-malformed', /redirects/))
  assert.equal(server.bodies.length, 6)
})

test('a service that says nothing is unreachable at the deadline', async (t) => {
  const server = await startWebServer(t, () => undefined)
  await assert.rejects(open(t).send({ url: server.url, signal: signal(), deadlineMs: 300 }), failsWith('source-unreachable', /did not answer within 0\.3 s/))
})

test('an answer that stops in the middle is unreachable at the deadline', async (t) => {
  const server = await startWebServer(t, (_, response) => void response.writeHead(200, { 'content-length': 100 }).write('half'))
  await assert.rejects(open(t).send({ url: server.url, signal: signal(), deadlineMs: 300 }), failsWith('source-unreachable', /did not answer within 0\.3 s/))
})

test('an abort rethrows the reason of the signal', async (t) => {
  const server = await startWebServer(t, () => undefined)
  const abort = new AbortController()
  const reason = new Error('the move was cancelled')
  const sent = open(t).send({ url: server.url, signal: abort.signal })
  abort.abort(reason)
  await assert.rejects(sent, reason)
})

test('a host where nothing listens is unreachable, exit 3, in one sentence', async (t) => {
  const server = await startWebServer(t, () => undefined)
  server.server.close()
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), (error) => {
    assert.ok(failsWith('source-unreachable', /^The shop cannot be reached: nothing listens there \(ECONNREFUSED\)\.$/)(error))
    assert.equal(exitStatusOf(error instanceof LifeboatError ? error.code : ''), 3)
    return true
  })
})

test('a lost connection is tried once more, but never for a request that must not run twice', async (t) => {
  let losses = 1
  const server = await startWebServer(t, (_, response) => {
    losses -= 1
    if (losses >= 0) response.destroy()
    else response.end('second time')
  })
  const http = open(t)
  assert.equal((await http.send({ url: server.url, signal: signal() })).text, 'second time')
  losses = 1
  await assert.rejects(http.send({ url: server.url, method: 'POST', signal: signal() }), failsWith('source-unreachable', /closed the connection/))
  losses = 1
  assert.equal((await http.send({ url: server.url, method: 'POST', repeatable: true, signal: signal() })).text, 'second time')
  losses = 2
  await assert.rejects(http.send({ url: server.url, signal: signal() }), failsWith('source-unreachable', /closed the connection/))
  assert.equal(server.bodies.length, 7)
})

test('what does not speak HTTP is malformed', async (t) => {
  const server = createServer((socket) => void socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  await assert.rejects(open(t).send({ url: `http://127.0.0.1:${port}/`, signal: signal() }), failsWith('answer-malformed', /not proper HTTP/))
})

test('a certificate that nobody vouches for is refused with its SHA-256 and how to pin it', async (t) => {
  const server = await startTlsServer(t, (_, response) => void response.end('no'))
  await assert.rejects(open(t).send({ url: server.url, signal: signal() }), (error) => {
    assert.ok(failsWith('certificate-untrusted', /not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)(error))
    assert.ok(error instanceof LifeboatError && error.message.includes(`tls: { fingerprint: "${server.fingerprint}" }`))
    return true
  })
})

test('a pinned certificate is believed, in any spelling, and a connection is used again', async (t) => {
  const server = await startTlsServer(t, (_, response) => void response.end('yes'))
  for (const fingerprint of [
    server.fingerprint,
    server.fingerprint.slice(7),
    server.fingerprint.replaceAll(':', '').replace('sha256', 'SHA256:').toLowerCase(),
  ]) {
    const http = open(t, { fingerprint })
    assert.equal((await http.send({ url: server.url, signal: signal() })).text, 'yes')
    assert.equal((await http.send({ url: server.url, signal: signal() })).text, 'yes')
  }
})

test('a wrong certificate gets not one byte of the request', async (t) => {
  const server = await startTlsServer(t, (_, response) => void response.end('no'))
  let heard = 0
  server.server.on('secureConnection', (socket) => socket.on('data', (data: Buffer) => (heard += data.length)))
  const request = { url: server.url, method: 'POST', body: 'password', signal: signal() } as const
  const wrong = `sha256:${'AB:'.repeat(31)}AB`
  await assert.rejects(
    open(t, { fingerprint: wrong }).send(request),
    failsWith('certificate-untrusted', /is not the one that is pinned; its SHA-256 is [0-9A-F:]{95},/),
  )
  await assert.rejects(open(t).send(request), failsWith('certificate-untrusted', /not trusted here/))
  assert.equal(heard, 0)
  assert.equal(server.bodies.length, 0)
})

test('a certificate authority of ones own is believed, for the names in the certificate only', async (t) => {
  const server = await startTlsServer(t, (_, response) => void response.end('yes'))
  const http = open(t, { ca: server.ca })
  assert.equal((await http.send({ url: server.url, signal: signal() })).text, 'yes')
  const other = server.url.replace('127.0.0.1', '127.0.0.2')
  server.server.close()
  server.server.listen(Number(new URL(server.url).port), '127.0.0.2')
  await assert.rejects(open(t, { ca: server.ca }).send({ url: other, signal: signal() }), failsWith('certificate-untrusted', /ERR_TLS_CERT_ALTNAME_INVALID/))
})

test('an authority that is no certificate is a mistake in the configuration', () => {
  const options = { service: 'The shop', unreachable: 'source-unreachable', trust: { ca: 'garbage' } } as const
  assert.throws(() => openHttp(options), failsWith('config-invalid', /tls\.ca gives for The shop is not a certificate/))
})

test('a fingerprint that is none is recognised', () => {
  assert.equal(normalFingerprint('sha256:AB:CD'), null)
  assert.equal(normalFingerprint(`sha1:${'AB'.repeat(32)}`), null)
  assert.equal(normalFingerprint(`SHA256=${'ab'.repeat(32)}`), 'AB:'.repeat(31) + 'AB')
})

test('a service shows its certificate and its clock, once it has answered and as far as it is believed', async (t) => {
  const server = await startTlsServer(t, ({ url }, response) => {
    response.sendDate = false
    if (url !== '/silent') response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString())
    response.end()
  })
  const http = open(t, { fingerprint: server.fingerprint })
  assert.deepEqual(http.peer(), { certificate: null, clockAhead: null })
  await http.send({ url: server.url, signal: signal() })
  await http.send({ url: new URL('/silent', server.url).href, signal: signal() })
  const { certificate, clockAhead } = http.peer()
  assert.equal(certificate?.fingerprint, `sha256:${normalFingerprint(server.fingerprint)}`)
  assert.ok(Math.abs(Date.parse(certificate?.expiresAt ?? '') - Date.now()) < 40 * 86_400_000)
  assert.ok(Math.abs((clockAhead ?? 0) + 3600) <= 2, `${clockAhead}`)
  const stranger = open(t)
  await assert.rejects(stranger.send({ url: server.url, signal: signal() }))
  assert.equal(stranger.peer().certificate, null)
})

test('a Date header is whole seconds; one that is none says nothing', () => {
  const now = Date.parse('Tue, 24 Nov 2026 10:00:00 GMT')
  assert.deepEqual([secondsAhead('Tue, 24 Nov 2026 09:59:30 GMT', now + 999), secondsAhead('Tue, 24 Nov 2026 10:00:10 GMT', now)], [30, -10])
  assert.deepEqual([secondsAhead('soon', now), secondsAhead(undefined, now)], [null, null])
})
