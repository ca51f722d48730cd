import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { countConnections } from '../../src/nodes/connections.ts'

const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const row = (port: number, state: string): string =>
  `   0: 0B3364C6:${port.toString(16).toUpperCase().padStart(4, '0')} 650200C0:D1F2 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1`

test('only what is established on the ports that are asked for counts, on both families', () => {
  const six = '   1: 0000000000000000FFFF00000B3364C6:0050 0000000000000000FFFF0000650200C0:D1F4 01 00000000:00000000 00:00000000 00000000 0 0 2'
  const text = [heading, row(80, '01'), row(80, '06'), row(80, '0A'), row(8080, '01'), row(443, '01'), heading, six].join('\n')
  assert.equal(countConnections(text, [80, 443]), 3)
  assert.equal(countConnections(text, []), 0)
})

test('whatever a node prints, the answer is a number', () => {
  fc.assert(fc.property(fc.string(), fc.array(fc.nat(65_535)), (text, ports) => Number.isInteger(countConnections(text, ports))))
})
