// Tags over REST: labels when they can be had, a warning when not, and never a reason for less of an inventory.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { LifeboatError } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import { openHttp, type HttpConnection } from '../../../src/io/http.ts'
import { readXml } from '../../../src/io/xml.ts'
import { tagsReader, withTags, type Tags } from '../../../src/providers/vsphere/tags.ts'
import { failsWith, soon } from '../../support/failures.ts'
import { count, type Fault } from '../../support/fault-proxy.ts'
import { answers, rewrites } from '../../support/faults.ts'
import { withoutVcsim, type Vcsim } from '../../support/vcsim.ts'
import { startWebServer } from '../../support/web-server.ts'
import { openSource, startProxy, startShop } from './lab.ts'
import { node } from './machines.ts'

const always = Number.POSITIVE_INFINITY

/** Puts tags on machines as an administrator does: by category, then by tag, the ids of machines. */
async function tag(
  t: TestContext,
  { url, user, password }: Vcsim,
  wanted: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): Promise<void> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  t.after(() => dispatcher.close())
  const base = `${new URL(url).origin}/rest/com/vmware/cis`
  const post = async (where: string, body: object, headers: Record<string, string>): Promise<string> => {
    const answer = await request(base + where, { dispatcher, method: 'POST', body: JSON.stringify(body), headers })
    assert.equal(answer.statusCode, 200)
    const text = await answer.body.text()
    return text === '' ? '' : z.object({ value: z.string() }).parse(JSON.parse(text)).value
  }
  const session = await post('/session', {}, { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` })
  const headers = { 'vmware-api-session-id': session, 'content-type': 'application/json' }
  for (const [category, tags] of Object.entries(wanted)) {
    const created = { create_spec: { name: category, cardinality: 'MULTIPLE', associable_types: [] } }
    const id = await post('/tagging/category', created, headers)
    for (const [name, machines] of Object.entries(tags)) {
      const made = await post('/tagging/tag', { create_spec: { name, category_id: id } }, headers)
      const objects = machines.map((machine) => ({ id: machine, type: 'VirtualMachine' }))
      await post(`/tagging/tag-association/id:${made}?~action=attach-tag-to-multiple-objects`, { object_ids: objects }, headers)
    }
  }
}

describe('tags', { skip: withoutVcsim }, () => {
  test('become labels, by category, and the REST session is ended', async (t) => {
    const vcsim = await startShop(t)
    const proxy = await startProxy(t, vcsim)
    const source = await openSource(t, vcsim, proxy)
    const [web1 = '', web2 = ''] = (await source.nodes(soon())).nodes.map(({ id }) => id)
    await tag(t, vcsim, { tier: { front: [web1, web2], shop: [web1] }, 'a/b "owner"': { 'ops <é>': [web2] } })
    const { nodes, complete, warnings } = await source.nodes(soon())
    assert.deepEqual({ complete, warnings }, { complete: true, warnings: [] })
    assert.deepEqual(
      nodes.map(({ labels, unknown }) => [labels, unknown.includes('labels')]),
      [
        [{ tier: 'front, shop' }, false],
        [{ tier: 'front', 'a/b "owner"': 'ops <é>' }, false],
        [{}, false],
      ],
    )
    assert.deepEqual([count(proxy, /^POST \/rest\/\S+session\n/), count(proxy, /^DELETE \/rest\/\S+session\n/), count(proxy, /\/rest\/\S+\/tag\//)], [2, 2, 3])
  })

  const refusals: Readonly<Record<string, readonly [Omit<Fault, 'with'>, Fault['with'], RegExp]>> = {
    'is not there': [{ on: /^POST \/rest\// }, answers(404, ''), /has no REST API at https:/],
    'refuses the log-in': [{ on: /^POST \/rest\// }, answers(401, ''), /refuses the log-in to its REST API/],
    'does not let the account see them': [{ on: /tag-association/ }, answers(403, ''), /does not let this account read them/],
    'answers with a web page': [{ on: /tag-association/ }, answers(200, '<html>'), /in a way that Lifeboat does not know/],
    'is down': [{ on: /^POST \/rest\// }, answers(503, '', { 'retry-after': '3600' }), /too busy/],
    'names a tag that would lead elsewhere': [
      { on: /tag-association/ },
      answers(200, '{"value":[{"object_id":{"id":"vm-1"},"tag_ids":["../../x"]}]}'),
      /does not know/,
    ],
  }
  for (const [what, [when, strike, sentence]] of Object.entries(refusals)) {
    test(`that cannot be had, because REST ${what}, are unknown, and the rest is complete`, async (t) => {
      const vcsim = await startShop(t)
      const proxy = await startProxy(t, vcsim)
      proxy.calm()
      proxy.strike({ ...when, times: always, with: strike })
      const { nodes, complete, warnings } = await (await openSource(t, vcsim, proxy)).nodes(soon())
      assert.deepEqual([nodes.length, complete, warnings.map(({ code }) => code)], [3, true, ['tags-unknown']])
      assert.match(warnings[0]?.text ?? '', sentence)
      for (const { labels, unknown } of nodes) assert.deepEqual([labels, unknown.includes('labels')], [{}, true])
    })
  }

  test('are asked of no server that never had them, and that is no warning', async (t) => {
    const vcsim = await startShop(t)
    for (const change of [/<apiVersion>[^<]*/, /<apiType>[^<]*/] as const) {
      const proxy = await startProxy(t, vcsim)
      proxy.calm()
      const as = change.source.includes('Version') ? '<apiVersion>5.5' : '<apiType>HostAgent'
      proxy.strike({ on: /<RetrieveServiceContent/, times: always, with: rewrites((text) => text.replace(change, as)) })
      const { warnings } = await (await openSource(t, vcsim, proxy)).nodes(soon())
      assert.deepEqual([warnings, count(proxy, /^\w+ \/(?:rest|api)\//)], [[], 0])
    }
  })
})

const login = { service: 'It', user: 'ops', password: new Secret('c4nary') }
const about = (version: string): ReturnType<typeof readXml> =>
  readXml(`<about><apiType>VirtualCenter</apiType><apiVersion>${version}</apiVersion></about>`, 'It')
const urn = (kind: string, id: string): string => `urn:vmomi:InventoryService${kind}:${id}:GLOBAL`

describe('the REST API since 7.0', () => {
  test('is spoken as it is written down: no wrapping, and 5,000 machines in ten calls', async (t) => {
    const asked: string[] = []
    const server = await startWebServer(t, (asking, response, body) => {
      const where = `${asking.method} ${asking.url}`
      asked.push(where)
      if (where === 'POST /api/session') return void response.writeHead(201).end('"the-session"')
      if (asking.headers['vmware-api-session-id'] !== 'the-session') return void response.writeHead(401).end()
      if (where.includes('tag-association')) {
        const { object_ids: ids } = z.object({ object_ids: z.array(z.object({ id: z.string() })) }).parse(JSON.parse(body))
        return void response.end(
          JSON.stringify(ids.map(({ id }) => ({ object_id: { id }, tag_ids: id.endsWith('7') ? [urn('Tag', 't1'), urn('Tag', 'gone')] : [] }))),
        )
      }
      if (where === `GET /api/cis/tagging/tag/${urn('Tag', 't1')}`)
        return void response.end(JSON.stringify({ name: 'seven', category_id: urn('Category', 'c1') }))
      if (where === `GET /api/cis/tagging/category/${urn('Category', 'c1')}`) return void response.end('{"name":"digit"}')
      response.writeHead(404).end()
    })
    const http = openHttp({ service: 'It', unreachable: 'source-unreachable' })
    t.after(() => http.close())
    const ids = Array.from({ length: 5000 }, (_, number) => `vm-${number}`)
    const tags = await tagsReader(http, { ...login, url: `${server.url}sdk` }, about('8.0.2.0'))(ids, soon())
    assert.deepEqual([tags?.size, tags?.get('vm-7'), tags?.get('vm-8')], [5000, { digit: 'seven' }, {}])
    assert.deepEqual([asked.length, asked.filter((each) => each.includes('tag-association')).length, asked.at(-1)], [15, 10, 'DELETE /api/session'])
  })

  test('that is not there is looked for at the place of older ones', async (t) => {
    const server = await startWebServer(t, (asking, response) => void response.writeHead(asking.url?.startsWith('/rest/') ? 401 : 404).end())
    const http = openHttp({ service: 'It', unreachable: 'source-unreachable' })
    t.after(() => http.close())
    const read = tagsReader(http, { ...login, url: `${server.url}sdk` }, about('7.0'))
    await assert.rejects(read(['vm-1'], soon()), failsWith('source-login', /refuses the log-in to its REST API/))
  })
})

test('whatever JSON comes, tags are read or unknown, and nothing of it is quoted', async () => {
  const id = fc.constantFrom('vm-1', 'vm-2', '', '__proto__')
  const tagId = fc.constantFrom(urn('Tag', 't'), urn('Category', 'c'), '../x', 'c4nary')
  const attached = fc.array(fc.record({ object_id: fc.record({ id }), tag_ids: fc.oneof(fc.array(tagId), fc.constant(null)) }), { maxLength: 4 })
  const named = fc.record({ name: fc.string(), category_id: tagId })
  const json = fc.oneof(attached, named, fc.jsonValue()).chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify({ value })))
  const text = fc.oneof({ weight: 9, arbitrary: json }, fc.constantFrom('', '<html>c4nary', '{"value":'))
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), async (texts) => {
      const left = ['"the-session"', ...texts]
      const send: HttpConnection['send'] = async () =>
        await Promise.resolve({ status: 200, headers: new Map(), cookies: [], text: left.shift() ?? '"x"', pieces: [] })
      const read = tagsReader(
        { send, peer: () => ({ certificate: null, clockAhead: null }), close: async () => undefined },
        { ...login, url: 'https://it/sdk' },
        about('6.7'),
      )
      const before = [node({}), node({ customValue: '<CustomFieldValue><key>1</key><value>x</value></CustomFieldValue>' })]
      const { nodes, warnings } = await withTags(read, before, soon())
      assert.equal(nodes.length, 2)
      assert.ok(warnings.length === 0 || nodes.every(({ unknown }) => unknown.includes('labels')))
      assert.ok(!JSON.stringify(warnings).includes('c4nary'))
      for (const { labels } of nodes) for (const value of Object.values(labels)) assert.equal(typeof value, 'string')
    }),
  )
})

test('a category that is called like a custom attribute tells both; an abort and a defect are no unknown tags', async () => {
  const tags: Tags = new Map([['vm-1', { owner: 'shop', tier: 'front' }]])
  const given = { ...node({}), labels: { owner: 'ops', site: 'a' } }
  const { nodes } = await withTags(async () => await Promise.resolve(tags), [given], soon())
  assert.deepEqual(nodes[0]?.labels, { owner: 'ops, shop', site: 'a', tier: 'front' })
  await assert.rejects(
    withTags(async () => await Promise.reject(new TypeError('a defect')), [given], soon()),
    TypeError,
  )
  const reason = new Error('enough')
  await assert.rejects(
    withTags(async () => await Promise.reject(new LifeboatError('source-unreachable', 'No.')), [given], AbortSignal.abort(reason)),
    reason,
  )
  const refused = async (): Promise<Tags> => await Promise.reject(new LifeboatError('source-refused', 'No.'))
  assert.deepEqual((await withTags(refused, [given], soon())).nodes[0]?.labels, { owner: 'ops', site: 'a' })
})
