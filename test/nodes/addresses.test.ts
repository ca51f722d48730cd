import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { readAddresses } from '../../src/nodes/addresses.ts'

const printed = String.raw`2: eth0    inet 198.51.100.11/24 brd 198.51.100.255 scope global eth0\       valid_lft forever preferred_lft forever
3: ppp0    inet 192.0.2.7 peer 192.0.2.8/32 scope global ppp0\       valid_lft forever preferred_lft forever
2: eth0    inet6 2001:db8:1::11/64 scope global nodad \       valid_lft forever preferred_lft forever
2: eth0    inet6 2001:db8:1::aaaa/64 scope global temporary dynamic \       valid_lft 86400sec preferred_lft 14400sec
2: eth0    inet6 2001:db8:1::bbbb/64 scope global dadfailed tentative \       valid_lft forever preferred_lft forever
`

test('a node tells its addresses of both families, and which of them stay', () => {
  assert.deepEqual(readAddresses(printed), [
    { address: '198.51.100.11', lasting: true },
    { address: '192.0.2.7', lasting: true },
    { address: '2001:db8:1::11', lasting: true },
    { address: '2001:db8:1::aaaa', lasting: false },
    { address: '2001:db8:1::bbbb', lasting: false },
  ])
})

test('whatever a node prints, no address is empty', () => {
  fc.assert(fc.property(fc.string(), (text) => readAddresses(text).every(({ address }) => address !== '')))
})
