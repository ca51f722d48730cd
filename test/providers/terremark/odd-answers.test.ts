// Answers that nobody should send: garbage, and mutilated documents.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writerFor } from '../../../lab/terremark/answers.ts'
import { makeEstate } from '../../../lab/terremark/estate.ts'
import { LifeboatError } from '../../../src/core/errors.ts'
import { nodeSchema } from '../../../src/core/node.ts'
import { readXml, type XmlElement } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/terremark/derive.ts'
import { dataCentreOf } from '../../../src/providers/terremark/inventory.ts'
import { hintsOf, internetServicesOf, publicAddressesOf, serviceNodesOf } from '../../../src/providers/terremark/services.ts'
import { taskOf } from '../../../src/providers/terremark/tasks.ts'
import { shop, user } from './lab.ts'

const { machines, stop } = makeEstate(shop, { taskMs: 1, guestMs: 1 }, () => undefined)
stop()
const write = writerFor('https://services.example', user)
const service = { id: 1, machine: machines[0] ?? assert.fail(), port: 80, protocol: 'HTTP', publicAddress: '192.0.2.1', publicPort: 80 }
const page = <Each>(items: readonly Each[]): { items: readonly Each[]; next: string } => ({ items, next: '/vdc/1?page=2' })
const samples = [
  ...machines.map(write.vapp),
  write.versions(),
  write.orgList(),
  write.org(['front']),
  write.centre(1, 'front', page(machines)),
  write.services(page([service])),
  write.serviceNodes(service),
  write.publicAddresses(['192.0.2.1']),
  write.task({ id: 1, machine: service.machine, status: 'error', message: 'no' }),
]

/** Everything that reads an answer, on one document. Only LifeboatError may come out, and every node must be of the agreed shape. */
function survives(document: string): void {
  let root: XmlElement
  try {
    root = readXml(document, 'It')
  } catch (error) {
    assert.ok(error instanceof LifeboatError && error.code === 'answer-malformed', String(error))
    return
  }
  taskOf(root)
  publicAddressesOf(root)
  const forwardings = internetServicesOf(root).flatMap((each) => serviceNodesOf(root).map((node) => ({ service: each, node })))
  const { vapps } = dataCentreOf({ path: '/vdc/1', name: null }, [root], 'org')
  for (const listed of [{ id: '1', name: null, path: '/vapp/1', place: ['org'] }, ...vapps]) {
    const node = nodeOf(listed, root, forwardings)
    assert.deepEqual(nodeSchema.parse(node), node)
    assert.deepEqual(node.hints, [...hintsOf(node.addresses, forwardings)])
    for (const field of ['power', 'cpus', 'memoryMiB'] as const) assert.equal(node.unknown.includes(field), node[field] === null || node[field] === 'unknown')
  }
}

test('garbage and mutilated answers are refused or read, and never a crash', () => {
  for (const sample of samples) survives(sample)
  const garbage = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^(<[/!?a-zA-Z:&;="' ]*>?){0,30}$/))
  fc.assert(fc.property(garbage, survives), { numRuns: 500 })
  const place = fc.tuple(
    fc.constantFrom(...samples),
    fc.nat(),
    fc.nat(200),
    fc.constantFrom('', '<', '>', '"', '&', '-9', '9'.repeat(30), '\u0000', '<a:b/>', ']]>', '10.X.X.0/27'),
  )
  const mutilated = place.map(([sample, from, length, instead]) => {
    const at = from % sample.length
    return sample.slice(0, at) + instead + sample.slice(at + length)
  })
  fc.assert(fc.property(mutilated, survives), { numRuns: 1500 })
})

test('values that are swapped, removed or repeated are read as what they are, or as unknown', () => {
  const values = fc.constantFrom('', ' ', '-1', '1.5', '9007199254740993', 'byte * 10^99', 'NaN', '<x/>', '&#27;[2J', '4', 'true')
  const changed = fc.tuple(fc.constantFrom(...samples), fc.nat(), values).map(([sample, which, value]) => {
    const spots = [...sample.matchAll(/(?<=>)[^<]*(?=<\/)|(?<==")[^"]*(?=")/g)]
    const spot = spots[which % spots.length] ?? assert.fail()
    return sample.slice(0, spot.index) + value + sample.slice(spot.index + spot[0].length)
  })
  fc.assert(fc.property(changed, survives), { numRuns: 1500 })
})
