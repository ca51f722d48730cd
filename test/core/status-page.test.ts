import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keyOf, newlySaid, postsOf, type Post } from '../../src/core/status-page.ts'

const fixtures = process.env['LIFEBOAT_FIXTURES'] ?? path.resolve(import.meta.dirname, '../../../shared/fixtures')

function recorded(name: string): readonly Post[] {
  return postsOf(JSON.parse(readFileSync(path.join(fixtures, 'statuspage', name), 'utf8'))) ?? []
}

describe('recorded status pages', () => {
  it('of GitHub tells every post of every incident, the oldest first', () => {
    const posts = recorded('cloud-incident-atlas/statuspage.json')
    assert.equal(posts.filter(({ update }) => update === '').length, 4)
    const own = posts.filter(({ incident }) => incident === 'dsrfymph7my0')
    assert.deepEqual([own[0]?.status, own[0]?.impact, own.at(-1)?.status, own.at(-1)?.claimedAt], ['resolved', 'minor', 'resolved', '2026-07-29T21:51:26.803Z'])
    const times = own.slice(1).map(({ claimedAt }) => claimedAt ?? '')
    assert.deepEqual(times, times.toSorted())
  })

  it('of Cloudflare tells which parts are hurt', () => {
    const [itself] = recorded('gwen-cli/statuspage_summary.json')
    assert.equal(itself?.incident, '')
    assert.match(itself?.body ?? '', /^Africa: partial_outage$/m)
  })

  it('of Google Cloud, a plain list, tells the same things', () => {
    const posts = recorded('cloud-incident-atlas/gcp.json')
    const own = posts.filter(({ incident }) => incident === '3BvH3LVGcupoYqV6F4Nw')
    assert.equal(own[0]?.status, 'resolved')
    assert.match(own.at(-1)?.body ?? '', /root cause for this outage is a 3ms voltage drop/)
  })
})

const word = fc.constantFrom('a', 'b', 'c')
const somePost: fc.Arbitrary<Post> = fc.record({
  incident: fc.constantFrom('', 'i1', 'i2'),
  update: fc.constantFrom('', 'u1', 'u2'),
  status: fc.constantFrom('investigating', 'resolved'),
  impact: word,
  title: word,
  body: word,
  claimedAt: fc.constantFrom(null, '2026-03-14T02:00:00.000Z', '2026-03-14T03:00:00.000Z'),
})
const somePage = fc.uniqueArray(somePost, { selector: keyOf, maxLength: 6 })

describe('what a page newly says', () => {
  it('is nothing once it is known, whatever was said before', () => {
    fc.assert(
      fc.property(fc.array(somePage, { maxLength: 5 }), (pages) => {
        let spoken = new Map<string, Post>()
        for (const page of pages) {
          spoken = new Map([...spoken, ...newlySaid(spoken, page).map((post) => [keyOf(post), post] as const)])
          assert.deepEqual(newlySaid(spoken, page), [])
          for (const post of page) {
            const known = spoken.get(keyOf(post))
            assert.deepEqual([known?.status, known?.body], [post.status, post.body])
          }
        }
      }),
    )
  })

  it('takes what is old and falls off a long list for no removal', () => {
    const at = (incident: string, hour: number): Post => ({
      incident,
      update: '',
      status: 'resolved',
      impact: '',
      title: '',
      body: '',
      claimedAt: `2026-03-14T0${hour}:00:00.000Z`,
    })
    const before = new Map([at('i1', 1), at('i2', 2), at('i3', 3)].map((post) => [keyOf(post), post]))
    assert.deepEqual(newlySaid(before, [at('i2', 2), at('i3', 3)]), [])
    assert.deepEqual(newlySaid(before, [at('i1', 1), at('i3', 3)]), [{ ...at('i2', 2), status: 'removed' }])
  })

  it('is never an error, whatever JSON a page answers', () => {
    fc.assert(fc.property(fc.jsonValue(), (page) => void postsOf(page)))
    assert.equal(postsOf({ incidents: [{ id: 1 }] }), null)
  })
})
