import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { codeOf } from '../../src/core/errors.ts'
import { isOlder, readAbility, shortcomings, type Ability } from '../../src/movers/files/ability.ts'
import { lacking, readMounts } from '../../src/movers/files/mounts.ts'
import { chooseWay, forecastSeconds } from '../../src/movers/files/way.ts'

const said = (version: string, capabilities: string, lists = ''): string =>
  `rsync  version ${version}  protocol version 31\nCopyright (C) 1996-2026 by Andrew Tridgell and others.\nCapabilities:\n    64-bit files, ${capabilities},\n    no crtimes\n${lists}\n`
const node = (text: string, aes = 1, cpus = 4): string => `${text}\n=aes ${aes}\n=cpus ${cpus}\n=ionice /usr/bin/ionice\n`
const lists = 'Checksum list:\n    xxh128 xxh3 xxh64 (xxhash) md5 md4 sha1 none\nCompress list:\n    zstd lz4 zlibx zlib none'
const modern = (cpus = 4): Ability => readAbility(node(said('3.5.0', 'inplace, ACLs, ACL-at, xattrs', lists), 1, cpus), 'source 192.0.2.1')
const old = readAbility(node(said('3.1.0', 'inplace, no ACLs, xattrs'), 0, 1), 'target 192.0.2.2')
const measured = (rttMs: number, bytesPerSecond: number) => ({ rttMs, bytesPerSecond })

test('an end is read for what it can do; what it lacks is told with what that costs', () => {
  assert.deepEqual(shortcomings(modern(), 'source 192.0.2.1'), [])
  const { version, aes, cpus, ionice, features } = modern(2)
  assert.deepEqual([version, aes, cpus, ionice, features.has('zstd'), features.has('crtimes')], ['3.5.0', true, 2, true, true, false])
  const told = shortcomings(old, 'target 192.0.2.2').join('\n')
  for (const part of ['older than 3.4.0', 'whole seconds', 'ACLs', 'zstd', 'md5', 'AES']) assert.ok(told.includes(part), part)
  assert.doesNotMatch(told, /extended attributes/)
})

test('an end without rsync, or with one older than 3.1.0, is refused', () => {
  for (const text of ['', said('3.0.9', 'ACLs, xattrs')])
    assert.throws(
      () => readAbility(node(text), 'source 192.0.2.1'),
      (error) => codeOf(error) === 'node-tool-missing' && error instanceof Error && error.message.includes('source 192.0.2.1'),
    )
})

test('versions are compared by their numbers', () => {
  const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20))
  fc.assert(
    fc.property(version, version, (left, right) => {
      const [first, second] = [left, right].map(([a, b, c]) => a * 10_000 + b * 100 + c)
      assert.equal(isOlder(left.join('.'), right.join('.')), (first ?? 0) < (second ?? 0))
    }),
  )
})

test('a fast, near way takes one connection and no compression; a far one as many as fill it', () => {
  const near = chooseWay(modern(), modern(), measured(0.4, 400e6), null)
  assert.deepEqual([near.connections, near.compression, near.cipher, near.exactTimes], [1, null, 'aes128-gcm@openssh.com', true])
  assert.equal(chooseWay(modern(), modern(2), measured(40, 120e6), null).connections, 4)
  assert.equal(chooseWay(modern(), modern(1), measured(40, 120e6), null).connections, 2)
  assert.equal(chooseWay(modern(), modern(8), measured(150, 120e6), null).connections, 8)
  assert.equal(chooseWay(modern(), modern(8), measured(40, 30e6), null).connections, 4, 'a busy node measures too little')
  assert.equal(chooseWay(modern(), modern(8), measured(1, 4e9), null).connections, 3)
  assert.equal(chooseWay(modern(), modern(8), null, null).connections, 1)
})

test('files are written in place with their holes only by a receiver that gets the last one right', () => {
  const aged = (version: string) => ({ ...modern(), version })
  const holes = (from: string, to: string) => chooseWay(aged(from), aged(to), null, null).holesInPlace
  assert.deepEqual([holes('3.1.3', '3.3.0'), holes('3.1.2', '3.5.0'), holes('3.5.0', '3.2.7')], [true, false, false])
})

test('a slow way is compressed by what both ends know, never by zlib', () => {
  const compression = (to: Ability, rate: number) => chooseWay(modern(), to, measured(10, rate), null).compression
  assert.deepEqual([compression(modern(), 10e6), compression(modern(), 60e6), compression(modern(), 90e6), compression(old, 10e6)], ['zstd', 'lz4', null, null])
})

test('an old end is served by what it has', () => {
  const way = chooseWay(modern(), old, measured(1, 100e6), null)
  assert.deepEqual([way.cipher, way.acls, way.xattrs, way.exactTimes], [null, false, true, false])
})

test('a limit counts as the rate of the way', () => {
  const way = chooseWay(modern(), modern(), measured(40, 120e6), 80)
  assert.deepEqual([way.limitKiB, way.connections, way.compression], [9765, 2, 'zstd'])
})

test('whatever was measured, connections stay within their limits and a forecast is a number', () => {
  const figure = fc.double({ min: 0, max: 1e12, noNaN: true })
  fc.assert(
    fc.property(figure, figure, fc.integer({ min: 1, max: 64 }), fc.nat(), (rttMs, bytesPerSecond, cpus, files) => {
      const { connections } = chooseWay(modern(), modern(cpus), measured(rttMs, bytesPerSecond), null)
      assert.ok(Number.isInteger(connections) && connections >= 1 && connections <= Math.min(8, 2 * cpus))
      const { first, delta } = forecastSeconds(files, files * 1000, measured(rttMs, bytesPerSecond))
      assert.ok(Number.isFinite(first) && first >= 0.5 && delta >= 0.5)
    }),
  )
})

test('other file systems below a root are named, and one that keeps no ACLs is told', () => {
  const table = String.raw`overlay / overlay rw 0 0
/dev/vdb /srv ext4 rw,noacl 0 0
/dev/vdc /srv/shop/my\040disk xfs rw 0 0
/dev/vdd /srv/shopping xfs rw 0 0
/dev/vde /mnt vfat rw 0 0
`
  const mounts = readMounts(table, '/srv/shop')
  assert.deepEqual([mounts.own?.at, mounts.below], ['/srv', ['/srv/shop/my disk']])
  assert.match(lacking(mounts, 'target 192.0.2.2').join(), /\/srv on the target 192\.0\.2\.2 is mounted with noacl/)
  assert.match(lacking(readMounts(table, '/mnt/x'), 'target').join(), /vfat, which may not keep ACLs/)
  assert.deepEqual(lacking(readMounts(table, '/srv/shopping'), 'target'), [])
  assert.equal(readMounts('', '/srv').own, null)
})
