// The recorded answers of others, which live beside the project and not in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Node } from '../../../src/core/node.ts'
import type { XmlElement } from '../../../src/io/xml.ts'
import { readAnswer } from '../../../src/providers/vcloud/answer.ts'
import { nodeOf } from '../../../src/providers/vcloud/derive.ts'
import { machinesOf } from '../../../src/providers/vcloud/machine.ts'
import type { MachineRecord } from '../../../src/providers/vcloud/query.ts'

const folder = path.join(process.env['LIFEBOAT_FIXTURES'] ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures'), 'vcloud')
export const absent = existsSync(folder) ? false : `recorded answers are not here (${folder})`

/** Names of all recordings, as `jclouds/vapp-none`. */
export function recordings(): readonly string[] {
  return ['jclouds', 'libcloud'].flatMap((origin) => readdirSync(path.join(folder, origin)).map((file) => `${origin}/${file.replace('.xml', '')}`))
}

export function textOf(name: string): string {
  return readFileSync(path.join(folder, `${name}.xml`), 'utf8')
}

export function answer(name: string): XmlElement {
  return readAnswer(textOf(name), 'It')
}

/** The vApp recordings of libcloud share one long name; this is what follows it. */
export function vApp(end: string): string {
  return `libcloud/api_vApp_vapp_8c57a5b6_e61b_48ca_8a78_3b70ee65${end}`
}

export function nodes(name: string, record: MachineRecord | null = null): Node[] {
  return nodesIn(answer(name), record)
}

export function nodesIn(root: XmlElement, record: MachineRecord | null = null): Node[] {
  return machinesOf(root).map((element) => nodeOf({ element, vApp: root.name === 'Vm' ? null : root, record }))
}
