// Machines as a server would describe them, for tests of what becomes of them.
import assert from 'node:assert/strict'
import { nodeSchema, type Node } from '../../../src/core/node.ts'
import { readXml } from '../../../src/io/xml.ts'
import { nodeOf } from '../../../src/providers/vsphere/derive.ts'
import type { Places } from '../../../src/providers/vsphere/places.ts'
import { objectOf, type VimObject } from '../../../src/providers/vsphere/properties.ts'

export const nowhere: Places = { root: 'group-d1', containers: new Map(), networks: new Map() }

/** An object as a server writes it: properties as inner XML, or with attributes as `attributes>inner`. */
export function object(type: string, id: string, properties: Readonly<Record<string, string>>, missing: Readonly<Record<string, string>> = {}): VimObject {
  const sets = Object.entries(properties).map(
    ([name, value]) => `<propSet><name>${name}</name>${value.startsWith('<val') ? value : `<val>${value}</val>`}</propSet>`,
  )
  const gaps = Object.entries(missing).map(([path, fault]) => `<missingSet><path>${path}</path><fault><fault xsi:type="${fault}"/></fault></missingSet>`)
  const read = objectOf(
    readXml(`<objects xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><obj type="${type}">${id}</obj>${sets.join('')}${gaps.join('')}</objects>`, 'It'),
  )
  assert.ok(read)
  return read
}

export function node(properties: Readonly<Record<string, string>>, missing: Readonly<Record<string, string>> = {}, places = nowhere): Node {
  const made = nodeOf(object('VirtualMachine', 'vm-1', { name: 'web-1', 'runtime.powerState': 'poweredOn', ...properties }, missing), places)
  assert.deepEqual(nodeSchema.parse(made), made)
  return made
}

export function codes(made: Node): string[] {
  return made.hazards.map(({ code }) => code)
}

export const disk = (inner: string): string =>
  `<device xsi:type="VirtualDisk"><key>2000</key><deviceInfo><label>Hard disk 1</label></deviceInfo>${inner}</device>`
export const hardware = (devices: string): string => `<numCPU>2</numCPU><memoryMB>4096</memoryMB>${devices}`
