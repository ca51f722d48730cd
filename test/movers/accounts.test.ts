import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ownersOf, withAccountsOf, type Accounts } from '../../src/movers/files/system/accounts.ts'

const nobody = new Set<string>()

/** Accounts with groups of their own; each user's number, and who is in the group `staff`. */
function system(users: Readonly<Record<string, number>>, staff: readonly string[] = []): Accounts {
  const all = Object.entries(users)
  return {
    passwd: all.map(([name, uid]) => `${name}:x:${uid}:${uid + 5000}:${name} of it:/home/${name}:/bin/sh\n`).join(''),
    group: `${all.map(([name, uid]) => `${name}:x:${uid + 5000}:\n`).join('')}staff:x:50:${staff.join(',')}\n`,
    shadow: all.map(([name]) => `${name}:$y$hash-of-${name}:19000:0:99999:7:::\n`).join(''),
    gshadow: `${all.map(([name]) => `${name}:!::\n`).join('')}staff:*::${staff.join(',')}\n`,
  }
}

const numbersIn = (text: string) =>
  new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.split(':')[0] ?? '', Number(line.split(':')[2])]),
  )

test('an account whose number is taken gets a free one, its own group and its password; the others stay as they are', () => {
  const [source, target] = [system({ root: 0, shopkeeper: 1000 }, ['shopkeeper']), system({ root: 0, admin: 1000 }, ['admin'])]
  const merged = withAccountsOf(source, target, nobody)
  assert.match(merged.passwd, /^admin:x:1000:6000:.*\nshopkeeper:x:1001:1000:shopkeeper of it:\/home\/shopkeeper:\/bin\/sh\n$/m)
  assert.match(merged.shadow, /^shopkeeper:\$y\$hash-of-shopkeeper:/m)
  assert.match(merged.group, /^staff:x:50:admin,shopkeeper$/m)
  assert.match(merged.gshadow, /^staff:\*::admin,shopkeeper$/m)
  assert.deepEqual(ownersOf(source, merged), { users: new Map([[1000, 1001]]), groups: new Map([[6000, 1000]]) })
})

test('what the target had of its own never goes back', () => {
  const [source, target] = [system({ root: 0, shopkeeper: 1000 }), system({ root: 0, admin: 1000 })]
  const both = withAccountsOf(source, target, nobody)
  assert.deepEqual(withAccountsOf(both, source, new Set(['admin'])), source)
  assert.match(withAccountsOf({ ...both, passwd: `${both.passwd}later:x:1007:50::/home/later:/bin/sh\n` }, source, new Set(['admin'])).passwd, /^later:/m)
})

test("what is odd in the files stays as it is, and is nobody's number", () => {
  const source = {
    ...system({ root: 0, shop: 1000 }, ['shop', 'ghost']),
    passwd: 'root:x:0:0::/root:/bin/sh\nshop:x:1000:6000::/home/shop:/bin/sh\n+nis:x:7:7:::\n',
  }
  const plain = system({ root: 0 })
  // No line end; a compatibility entry of NIS; a secret whose account is gone; a name twice, of which the first counts.
  const target = {
    passwd: `${plain.passwd}twice:x:5:5::/:/bin/sh\ntwice:x:6:6::/:/bin/sh\n+::::::`,
    group: plain.group,
    shadow: `${plain.shadow}shop:!left-over:1:0:99999:7:::`,
    gshadow: plain.gshadow,
  }
  const merged = withAccountsOf(source, target, nobody)
  assert.equal(merged.passwd, `${target.passwd}\nshop:x:1000:6000::/home/shop:/bin/sh\n`)
  assert.equal(merged.shadow, target.shadow)
  assert.match(merged.group, /^staff:x:50:shop$/m)
  const twice = { ...plain, passwd: `${plain.passwd}twice:x:1007:50::/:/bin/sh\n` }
  assert.deepEqual(ownersOf(twice, target).users, new Map([[1007, 5]]))
})

test('an own account of the target joins no group of the source, even where somebody of its name came to be there', () => {
  const [source, target] = [system({ root: 0, admin: 1003 }), system({ root: 0, admin: 1000 }, ['admin'])]
  assert.deepEqual(withAccountsOf(target, source, new Set(['admin'])), source)
})

test('further names of one number stay together', () => {
  const source = { ...system({ root: 0 }), passwd: 'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n' }
  assert.equal(numbersIn(withAccountsOf(source, system({ root: 0 }), nobody).passwd).get('toor'), 0)
  const apart = { ...system({ root: 0 }), passwd: 'root:x:0:0::/root:/bin/sh\ntoor:x:5:0::/root:/bin/sh\n' }
  assert.deepEqual(ownersOf(source, apart).users, new Map())
})

const systems = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom(997, 998, 999, 1000, 1001, 1002, 65_533)), {
    selector: ([name]) => name,
  })
  .chain((pairs) => fc.subarray(pairs.map(([name]) => name)).map((staff) => ({ pairs, staff })))
  .filter(({ pairs }) => new Set(pairs.map(([, number]) => number)).size === pairs.length)
  .map(({ pairs, staff }) => system({ root: 0, ...Object.fromEntries(pairs) }, staff))

test('whatever the accounts: no line is lost, no number has two owners, all names of both are there, and a second merge changes nothing', () => {
  fc.assert(
    fc.property(systems, systems, (source, target) => {
      const merged = withAccountsOf(source, target, nobody)
      assert.ok(merged.passwd.startsWith(target.passwd) && merged.shadow.startsWith(target.shadow))
      for (const file of ['passwd', 'group'] as const) {
        const [before, given, after] = [numbersIn(target[file]), numbersIn(source[file]), numbersIn(merged[file])]
        assert.deepEqual(new Set(after.keys()), new Set([...before.keys(), ...given.keys()]))
        for (const [name, number] of before) assert.equal(after.get(name), number)
        assert.equal(new Set(after.values()).size, after.size)
        const taken = new Set(before.values())
        for (const [name, number] of given) {
          const now = after.get(name) ?? -1
          if (before.has(name)) continue
          if (!taken.has(number)) assert.equal(now, number, 'a number that is free is kept')
          assert.equal(now < 1000, number < 1000, 'people stay people, and what belongs to the system stays that')
          assert.ok(now !== 65_534 && now !== 65_535, 'nobody')
        }
      }
      assert.deepEqual(withAccountsOf(source, merged, nobody), merged)
      const owners = ownersOf(source, merged)
      for (const [name, number] of numbersIn(source.passwd)) {
        assert.equal(owners.users.get(number) ?? number, numbersIn(merged.passwd).get(name))
      }
    }),
    { numRuns: 500 },
  )
})
