// The steps that change names, against real name servers: whatever somebody else does to a name stays, whenever it is done.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refuseChangedNames } from '../../src/workflows/steps/names.ts'
import { lookForDrift } from '../../src/workflows/steps/names-after.ts'
import { startBind } from '../support/bind.ts'
import { forward, framed, isUpdate, startTcp } from '../support/dns-proxy.ts'
import { missing, providerOf, shopZone, type NameServer } from '../support/dns-server.ts'
import { addresses, namesMove, type NamesMove } from '../support/names-step.ts'

const www = 'www.shop.example'
const epoch = `_lifeboat.${www}`
const elsewhere = '198.51.100.99'
const { source, target } = addresses
const skip = await missing('named')
/** As short as Lifeboat makes it, so that nobody waits for an older one to run out. */
const records = shopZone.map((line) => line.replace('$TTL 10', '$TTL 5'))
const pointTo = (name: string, address: string): string[] => [`update delete ${name} A`, `update add ${name} 5 A ${address}`]

/** What somebody else may do, and how it is put right. */
const foreign = [
  { what: 'other addresses', does: () => pointTo(www, elsewhere), undoes: (now: string) => pointTo(www, now), code: 'names-changed' },
  { what: 'an address more', does: () => [`update add ${www} 5 AAAA 2001:db8::99`], undoes: () => [`update delete ${www} AAAA`], code: 'names-changed' },
  {
    what: 'no epoch record',
    does: () => [`update delete ${epoch} TXT`],
    undoes: (_now: string, mine: string) => [`update add ${epoch} 5 TXT ${mine}`],
    code: 'names-changed',
  },
  {
    what: 'the epoch of another owner',
    does: () => [`update delete ${epoch} TXT`, `update add ${epoch} 5 TXT "v=1 epoch=9 owner=web-1/0000"`],
    undoes: (_now: string, mine: string) => [`update delete ${epoch} TXT`, `update add ${epoch} 5 TXT ${mine}`],
    code: 'owned-by-other',
  },
] as const

/** Each step that reads or writes names after they were claimed, in the order of a move that goes there and back, and where the name is before it. */
const moments: readonly { readonly name: string; readonly now: string; readonly act: (move: NamesMove) => Promise<unknown> }[] = [
  { name: 'lower-ttl', now: source, act: async ({ act }) => await act('lower-ttl') },
  { name: 'check-ready', now: source, act: async ({ step }) => await refuseChangedNames(step) },
  { name: 'restore-ttl', now: source, act: async ({ act }) => await act('restore-ttl') },
  { name: 'switch-dns', now: source, act: async ({ act }) => await act('switch-dns') },
  { name: 'raise-ttl', now: target, act: async ({ act }) => await act('raise-ttl') },
  { name: 'switch-dns-back', now: target, act: async ({ act }) => await act('switch-dns-back') },
]

describe('names', { skip, concurrency: true }, () => {
  test('that somebody else has changed stay as they left them before every step, and once put right the step goes on', async (t) => {
    const server = await startBind(t, { records })
    const move = namesMove([{ name: www, provider: providerOf(server) }], t.signal)
    await move.act('claim-names')
    for (const { name, now, act } of moments) {
      for (const { what, does, undoes, code } of foreign) {
        const [mine = ''] = await server.dig(epoch, 'TXT')
        await server.nsupdate(does())
        const [seen, serial] = [await everything(server), await server.serial()]
        await assert.rejects(act(move), { code }, `${name}, ${what}`)
        assert.deepEqual(await everything(server), seen, `${name}, ${what}`)
        assert.equal(await server.serial(), serial, `${name}, ${what}`)
        await server.nsupdate(undoes(now, mine))
      }
      assert.deepEqual(await server.dig(www, 'A'), [now], name)
      await act(move)
    }
    assert.deepEqual(await server.dig(www, 'A'), [source])
  })

  test('get no shorter time to live than their provider takes', async (t) => {
    const server = await startBind(t, { records: records.map((line) => line.replace('www A', 'www 7 A')) })
    const move = namesMove([{ name: www, provider: { ...providerOf(server), shortestTtl: 7 } }], t.signal)
    await move.act('claim-names')
    assert.match(JSON.stringify(await move.act('lower-ttl')), /The time to live is 7 s/)
    await move.act('switch-dns')
    assert.deepEqual(await server.records(www, 'A'), [`7 A ${target}`])
  })

  test('that somebody else changes between our look and our change stay as they left them', async (t) => {
    for (const { name, act } of moments.filter((each) => /^switch|ttl$/.test(each.name))) {
      const server = await startBind(t, { records: records.map((line) => line.replace('www A', name === 'lower-ttl' ? 'www 60 A' : 'www 5 A')) })
      let armed = false
      const proxy = await startTcp(t, (socket, request) => {
        void (async () => {
          if (armed && isUpdate(request)) await server.nsupdate(pointTo(www, elsewhere))
          armed &&= !isUpdate(request)
          socket.write(framed(await forward(t, server, request)))
        })().catch(() => socket.destroy())
      })
      const move = namesMove([{ name: www, provider: providerOf(server, { server: proxy, authorities: [server] }) }], t.signal)
      await move.act('claim-names')
      if (name.endsWith('-back')) await move.act('switch-dns')
      // A time to live that is as it should be is not written.
      if (name.endsWith('e-ttl')) move.learn({ names: { [www]: { ttl: 60, a: [source], aaaa: [] } } })
      armed = true
      await assert.rejects(act(move), { code: 'names-changed' }, name)
      assert.equal(armed, false, `${name} wrote`)
      assert.deepEqual(await server.dig(www, 'A'), [elsewhere], name)
    }
  })

  test('of two providers are switched at the one that answers while the other does not, and there once it does', async (t) => {
    const other = { name: 'www.shop.test', zone: 'shop.test' }
    const [first, second] = [await startBind(t, { zone: other.zone, records }), await startBind(t, { records })]
    let isDown = false
    const proxy = await startTcp(t, (socket, request) => {
      if (isDown) socket.destroy()
      else
        void forward(t, first, request).then(
          (reply) => socket.write(framed(reply)),
          () => socket.destroy(),
        )
    })
    const move = namesMove(
      [
        { name: other.name, provider: providerOf(first, { server: proxy, authorities: [first] }) },
        { name: www, provider: providerOf(second, { authorities: [second] }) },
      ],
      t.signal,
    )
    await move.act('claim-names')
    await move.act('lower-ttl')
    isDown = true
    await assert.rejects(move.act('switch-dns'), { code: 'dns-unreachable' })
    assert.deepEqual([await first.dig(other.name, 'A'), await second.dig(www, 'A')], [[source], [target]])
    assert.equal(move.facts().namesSwitchedAt, null)
    isDown = false
    const serial = await second.serial()
    await move.act('switch-dns')
    assert.deepEqual([await first.dig(other.name, 'A'), await second.dig(www, 'A')], [[target], [target]])
    assert.equal(await second.serial(), serial, 'what was switched is not written again')
    assert.notEqual(move.facts().namesSwitchedAt, null)
    await move.act('switch-dns-back')
    assert.deepEqual([await first.dig(other.name, 'A'), await second.dig(www, 'A')], [[source], [source]])
  })

  test('are looked at an hour after their switch: what differs is told once, at which server, and nothing is overwritten', async (t) => {
    const server = await startBind(t, { records })
    const behind = await startBind(t, { secondaryOf: server })
    const move = namesMove([{ name: www, provider: providerOf(server, { authorities: [server, behind] }) }], t.signal)
    await move.act('claim-names')
    await move.act('switch-dns')
    const look = async (): Promise<string[]> => {
      anHourLater(move)
      await lookForDrift(move.step)
      return move.said.splice(0)
    }
    await lookForDrift(move.step)
    assert.deepEqual(move.said, [], 'not before an hour is over')
    assert.deepEqual(await look(), ['Every authority tells what the switch wrote.'])
    assert.deepEqual(await look(), [])

    await behind.stop()
    const [silent, ...no] = await look()
    assert.match(
      silent ?? '',
      new RegExp(`^Not as the switch left them: The name server 127\\.0\\.0\\.1:${behind.port} does not answer .*Nothing is overwritten\\.$`),
    )
    assert.deepEqual([no, await look()], [[], []])

    await server.nsupdate(pointTo(www, elsewhere))
    const serial = await server.serial()
    const [changed] = await look()
    assert.ok(changed?.includes(`127.0.0.1:${server.port} tells ${elsewhere} (TTL 5 s), epoch 1 of web-1/3f2a for ${www}.`), changed)
    assert.deepEqual(move.facts().namesSeen?.changed.length, 2)
    assert.deepEqual(await look(), [])
    assert.deepEqual([await server.dig(www, 'A'), await server.serial()], [[elsewhere], serial])

    await server.nsupdate(pointTo(www, target).map((line) => line.replace(' 5 A', ' 3600 A')))
    assert.match((await look()).join(), /tells 203\.0\.113\.11 \(TTL 3600 s\)/, 'going back would take so long')
    await server.stop()
    assert.match((await look()).join(), /^Not as the switch left them: The name server 127\.0\.0\.1:\d+ does not answer/)
  })
})

/** As if the last look, or the switch, had been an hour ago. */
function anHourLater({ facts, learn }: NamesMove): void {
  const { namesSwitchedAt, namesSeen } = facts()
  const before = (at: string): string => new Date(Date.parse(at) - 3_600_000).toISOString()
  learn({ namesSwitchedAt: before(namesSwitchedAt ?? ''), namesSeen: namesSeen === null ? null : { ...namesSeen, at: before(namesSeen.at) } })
}

async function everything(server: NameServer): Promise<unknown> {
  return await Promise.all(['A', 'AAAA'].map(async (type) => await server.records(www, type)).concat(server.records(epoch, 'TXT')))
}
