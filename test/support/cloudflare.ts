// A SIMULATOR, ours, of the part of Cloudflare's API that Lifeboat uses, made from its documentation: records by id, a batch
// that makes deletes, patches, puts and posts in this order in one transaction, its codes of errors. It is not Cloudflare:
// what that does beyond its documentation nobody has seen here.
import { createServer, type IncomingMessage } from 'node:http'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { text } from 'node:stream/consumers'

type Row = { readonly id: string; readonly type: string; readonly name: string; readonly content: string; readonly ttl: number; readonly proxied: boolean }
type Body = Readonly<Record<'deletes' | 'patches' | 'puts' | 'posts', readonly Partial<Row>[] | undefined>>

export type SimulatedZone = {
  readonly url: string
  readonly zoneId: string
  readonly token: string
  readonly add: (row: Omit<Row, 'id'>) => string
  readonly drop: (name: string, type: string) => void
  readonly records: (name: string, type: string) => Promise<readonly string[]>
  /** Batches that were made; a seed alone is none. */
  readonly changes: () => Promise<number>
  /** What happens to the next batch: `before` it is made, and whether its answer is lost or it is told to come later. */
  next: { before?: () => Promise<void>; answer?: 'lost' | 'busy' | 'garbage' }
}

class Refusal extends Error {
  readonly status: number
  readonly code: number

  constructor(status: number, code: number, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const zoneId = 'a'.repeat(32)
const token = 'canary-token-4b1f'

/** Starts one on a free loopback port, with the records of `shopZone`. */
export async function startCloudflare(t: TestContext, shortestTtl = 1): Promise<SimulatedZone> {
  let rows = new Map<string, Row>()
  let batches = 0
  const newId = (): string => randomBytes(16).toString('hex')
  const put = (into: Map<string, Row>, row: Row): Row => {
    const others = [...into.values()].filter(({ id, name }) => id !== row.id && name === row.name)
    if (row.ttl !== 1 && row.ttl < shortestTtl)
      throw new Refusal(400, 9021, `Invalid TTL. Must be between ${shortestTtl} and 86400 seconds, or 1 for Automatic.`)
    if (others.some(({ type, content }) => type === row.type && content === row.content)) throw new Refusal(400, 81_058, 'An identical record already exists.')
    if (others.some(({ type }) => (type === 'CNAME') !== (row.type === 'CNAME')))
      throw new Refusal(400, 81_053, 'An A, AAAA, or CNAME record with that host already exists.')
    into.set(row.id, row)
    return row
  }
  const known = (from: Map<string, Row>, id: string | undefined): Row => {
    const row = from.get(id ?? '')
    if (row === undefined) throw new Refusal(404, 81_044, 'Record does not exist.')
    return row
  }
  const transaction = (body: Body): void => {
    const draft = new Map(rows)
    for (const { id } of body.deletes ?? []) draft.delete(known(draft, id).id)
    for (const change of [...(body.patches ?? []), ...(body.puts ?? [])]) put(draft, { ...known(draft, change.id), ...change } as Row)
    for (const row of body.posts ?? []) put(draft, { proxied: false, ...row, id: newId() } as Row)
    rows = draft
    batches += 1
  }
  const serve = async (request: IncomingMessage): Promise<unknown> => {
    if (request.headers.authorization !== `Bearer ${token}`) throw new Refusal(403, 9109, 'Invalid access token')
    const url = new URL(request.url ?? '', 'http://localhost')
    const [, , zone, kind, last] = url.pathname.split('/')
    if (zone !== zoneId) throw new Refusal(404, 7003, 'Could not route to the zone, perhaps your object identifier is invalid?')
    const body = request.method === 'POST' ? (JSON.parse(await text(request)) as Body & Partial<Row>) : null
    if (kind === undefined) return { name: 'shop.example', name_servers: ['ada.ns.cloudflare.example'] }
    if (request.method === 'GET') return [...rows.values()].filter(({ name }) => name === url.searchParams.get('name.exact'))
    if (request.method === 'DELETE') return rows.delete(known(rows, last).id)
    if (last !== 'batch') return put(rows, { proxied: false, ...body, id: newId() } as Row)
    const { before } = zoneOf.next
    delete zoneOf.next.before
    await before?.()
    if (zoneOf.next.answer === 'busy') throw new Refusal(429, 10_429, 'Rate limited')
    return transaction(body as Body)
  }
  const server = createServer((request, response) => {
    void serve(request).then(
      (result) => {
        const isBatch = request.url?.endsWith('/batch') === true
        const answer = isBatch ? zoneOf.next.answer : undefined
        if (isBatch) delete zoneOf.next.answer
        if (answer === 'lost') response.destroy()
        else response.end(answer === 'garbage' ? '<html>a proxy</html>' : JSON.stringify({ success: true, errors: [], result: result ?? {}, messages: [] }))
      },
      (error: unknown) => {
        delete zoneOf.next.answer
        const { status, code, message } = error instanceof Refusal ? error : new Refusal(500, 1, String(error))
        response.statusCode = status
        response.end(JSON.stringify({ success: false, errors: [{ code, message }], result: null }))
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const zoneOf: SimulatedZone = {
    url: `http://127.0.0.1:${address.port}`,
    zoneId,
    token,
    add: (row) => put(rows, { ...row, id: newId() }).id,
    drop: (name, type) => {
      for (const row of rows.values()) if (row.name === name && row.type === type) rows.delete(row.id)
    },
    records: async (name, type) => {
      const found = [...rows.values()].filter((row) => row.name === name && row.type === type)
      return await Promise.resolve(found.map(({ ttl, content }) => `${ttl} ${type} ${content}`).toSorted())
    },
    changes: async () => await Promise.resolve(batches),
    next: {},
  }
  const standing = Math.max(10, shortestTtl)
  for (const [name, type, content] of shop) zoneOf.add({ name: `${name}.shop.example`, type, content, ttl: standing, proxied: false })
  return zoneOf
}

const shop = [
  ['ns1', 'A', '127.0.0.1'],
  ['www', 'A', '192.0.2.10'],
  ['api', 'A', '192.0.2.20'],
  ['api', 'A', '192.0.2.21'],
  ['api', 'AAAA', '2001:db8::20'],
  ['files', 'A', '192.0.2.30'],
] as const
