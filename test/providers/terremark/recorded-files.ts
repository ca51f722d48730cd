// Recorded answers of Terremark services, which lie outside of the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readXml, type XmlElement } from '../../../src/io/xml.ts'

const folder = path.join(process.env['LIFEBOAT_FIXTURES'] ?? path.resolve(import.meta.dirname, '../../../../shared/fixtures'), 'terremark')

/** Why tests that need them are skipped, or false. */
export const absent = existsSync(folder) ? false : `recorded answers are not here (${folder})`

/** `jclouds/vapp` for each. */
export function recordedNames(): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.xml'))
    .map((name) => name.replace(/\.xml$/, ''))
    .toSorted()
}

export function textOf(name: string): string {
  return readFileSync(path.join(folder, `${name}.xml`), 'utf8')
}

export function recorded(name: string): XmlElement {
  return readXml(textOf(name), name)
}
