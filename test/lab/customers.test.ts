import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { run } from '../../lab/command.ts'
import { enterLab } from '../../lab/enter.ts'
import { causeFault } from '../../lab/faults.ts'
import { recordSeconds } from '../../lab/names.ts'
import { shopNodes } from '../../lab/shop/nodes.ts'
import { figuresOf, lostWrites, type Sample } from '../../lab/traffic.ts'
import { startWorld, type World } from '../../lab/world.ts'
import { waitUntil } from '../../src/io/wait.ts'

await enterLab()

const www = shopNodes['web-1'].dnsName
const api = shopNodes['web-2'].dnsName
let world: World
before(async () => {
  world = await startWorld({ sources: ['web-1', 'web-2'], targets: 'none', names: true, databases: true, files: 10 })
})
after(async () => await world.stop())

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await waitUntil(async () => ((await condition()) ? true : null), { what, deadlineMs: 60_000, everyMs: 50, signal: new AbortController().signal })
}

async function pointTo(address: string): Promise<void> {
  const { key, server } = world.names ?? assert.fail()
  const update = `server ${server}\nupdate delete ${www} A\nupdate add ${www} ${recordSeconds} A ${address}\nsend\n`
  await run('nsupdate', ['-y', `${key.algorithm}:${key.name}:${key.secret}`], { input: update })
}

test('customers of a healthy shop lose nothing, on new connections and on kept ones', async () => {
  const traffic = world.customers(20)
  await until('100 requests have ended', () => traffic.figures().requests >= 100)
  const figures = await traffic.stop()
  assert.equal(figures.failed, 0)
  const samples = traffic.read()
  for (const kind of ['GET', 'POST'])
    for (const connection of ['new', 'kept']) assert.ok(samples.some((each) => each.kind === kind && each.connection === connection))
  assert.equal(Object.values(figures.acknowledged).flat().length, samples.filter(({ kind }) => kind === 'POST').length)
  assert.deepEqual(await world.lostWrites(figures), { [www]: [], [api]: [] })
})

/** Ids of acknowledged orders of this name, with the figures that they come from. */
async function ordered(name: string) {
  const traffic = world.customers(20, [name])
  await until('10 orders are acknowledged', () => (traffic.figures().acknowledged[name] ?? []).length >= 10)
  const figures = await traffic.stop()
  const [one = '', two = ''] = figures.acknowledged[name] ?? []
  return { figures, one, two }
}

test('an acknowledged order that is gone or there twice is a lost write', async () => {
  const { figures, one: gone, two: twice } = await ordered(api)
  const edit = `sed -i -e '/^${gone}\t/d' -e '/^${twice}\t/p' orders.log; chown www-data: orders.log`
  await world.source('web-2').run(`systemctl stop shop; cd /srv/shop; ${edit}; systemctl start shop`)
  assert.deepEqual(await world.lostWrites(figures), { [api]: [gone, twice] })
})

test('an acknowledged order that PostgreSQL does not have, or whose receipt Redis does not have, is a lost write', async () => {
  const { figures, one: gone, two: unproved } = await ordered(www)
  const node = world.source('web-1')
  assert.deepEqual(await world.lostWrites(figures), { [www]: [] })
  await node.run(`runuser -u postgres -- psql -q -d shop -c "delete from orders where id = '${gone}'"; redis-cli hdel receipts ${unproved}`)
  assert.deepEqual(await world.lostWrites(figures), { [www]: [gone, unproved] })
})

test('a shop whose database is down says so, and takes orders again as soon as it is back', async () => {
  const node = world.source('web-1')
  const health = async () => (await fetch(`http://${node.address}/health`)).status
  assert.equal(await health(), 200)
  for (const unit of ['postgresql@15-main', 'redis-server']) {
    await node.run(`systemctl stop ${unit}`)
    assert.equal(await health(), 503, unit)
    await node.run(`systemctl start ${unit}`)
    assert.equal(await health(), 200, unit)
  }
  const order = await fetch(`http://${node.address}/orders`, { method: 'POST', headers: { 'Idempotency-Key': 'again-1' } })
  assert.equal(order.status, 201)
  assert.ok((await world.ordersOn(node)).includes('again-1'))
})

test('requests to a service that is stopped fail, and are counted', async () => {
  const traffic = world.customers(20, [www])
  await until('some requests have ended', () => traffic.figures().requests >= 10)
  await world.source('web-1').run('systemctl stop shop; sleep 0.5; systemctl start shop')
  const requests = traffic.figures().requests
  await until('requests have ended again', () => traffic.figures().requests >= requests + 20)
  const figures = await traffic.stop()
  assert.ok(figures.failed >= 5, `${figures.failed} failed`)
})

test('a frozen node makes customers wait, and the longest pause says how long', async () => {
  const traffic = world.customers(20, [www])
  await until('some requests have ended', () => traffic.figures().requests >= 10)
  await world.source('web-1').run('systemctl kill --signal=STOP shop; sleep 0.7; systemctl kill --signal=CONT shop')
  const requests = traffic.figures().requests
  await until('requests have ended again', () => traffic.figures().requests >= requests + 20)
  const figures = await traffic.stop()
  assert.equal(figures.failed, 0)
  assert.ok(figures.longestPauseMs >= 600, `${figures.longestPauseMs} ms`)
})

test('customers follow a name when its TTL is over, and not before', async () => {
  const traffic = world.customers(10, [www])
  const { address: before } = world.source('web-1')
  const { address: later } = world.source('web-2')
  await until('some requests have ended', () => traffic.figures().requests >= 5)
  const began = traffic.read()[0]?.at ?? 0
  await pointTo(later)
  await until('customers have followed', () => traffic.read().some(({ address }) => address === later))
  await traffic.stop()
  const moved = traffic.read().find(({ address }) => address === later)?.at ?? 0
  assert.ok(
    traffic
      .read()
      .filter(({ at }) => at < moved)
      .every(({ address }) => address === before),
  )
  assert.ok(moved - began >= (recordSeconds - 1) * 1000, `${moved - began} ms`)
  await pointTo(before)
})

test('while the name server is down, what was known serves on', async () => {
  const traffic = world.customers(10, [www])
  await until('some requests have ended', () => traffic.figures().requests >= 5)
  await causeFault(world, 'names', 'name-server-stop')
  const stopped = Date.now()
  await until('the TTL is over for a second', () => traffic.read().some(({ at }) => at > stopped + (recordSeconds + 1) * 1000))
  await causeFault(world, 'names', 'none')
  assert.equal((await traffic.stop()).failed, 0)
  assert.deepEqual(await world.names?.addressesOf(www), [world.source('web-1').address])
})

const sample: Sample = {
  at: 0,
  ms: 5,
  name: www,
  kind: 'POST',
  connection: 'kept',
  address: '198.51.100.11',
  outcome: 'ok',
  status: 201,
  retried: false,
  id: 'a',
  error: null,
}

test('figures count a failed request and never its id', () => {
  const figures = figuresOf([sample, { ...sample, id: 'b', ms: 30_000, outcome: 'failed', status: null }, { ...sample, id: 'c', ms: 40, retried: true }])
  assert.deepEqual(figures, { requests: 3, failed: 1, retried: 1, longestPauseMs: 40, acknowledged: { [www]: ['a', 'c'] } })
})

test('lost writes are those that are not there exactly once', () => {
  assert.deepEqual(lostWrites(['a', 'b', 'c'], ['b', 'a', 'x', 'b']), ['b', 'c'])
})
