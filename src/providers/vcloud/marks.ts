// Marks on a machine, in its metadata: what we must know of it later, when this process is long gone.
import { childrenOf, escapeXml, textAt, type XmlElement } from '../../io/xml.ts'
import { given } from './answer.ts'
import { placeOf } from './power.ts'
import type { Asking, Session } from './session.ts'
import { runTask } from './tasks.ts'
import { compare } from './versions.ts'

type Mark = 'lifeboat.snapshot' | 'lifeboat.network'

const type = 'application/vnd.vmware.vcloud.metadata+xml'
const typedSince = '5.1'

/** What a mark says; null when there is none, '' when it was cleared. */
export async function readMark(session: Session, id: string, mark: Mark, asking: Asking): Promise<string | null> {
  const { root } = await session.ask(`${placeOf(id)}/metadata`, { act: asking.act, signal: asking.signal })
  return markIn(root, mark)
}

export function markIn(metadata: XmlElement, mark: string): string | null {
  const entry = childrenOf(metadata, 'MetadataEntry').find((each) => given(textAt(each, 'Key')) === mark)
  // Values have a type since 5.1.
  return textAt(entry, 'TypedValue', 'Value') ?? textAt(entry, 'Value')
}

/** Adds or replaces one mark; other metadata stays as it is. */
export async function writeMark(session: Session, id: string, mark: Mark, value: string, asking: Asking): Promise<void> {
  const text = `<Value>${escapeXml(value)}</Value>`
  const typed = compare(session.version, typedSince) >= 0 ? `<TypedValue xsi:type="MetadataStringValue">${text}</TypedValue>` : text
  const xml =
    '<Metadata xmlns="http://www.vmware.com/vcloud/v1.5" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
    `<MetadataEntry><Key>${mark}</Key>${typed}</MetadataEntry></Metadata>`
  await runTask(session, `${placeOf(id)}/metadata`, { act: asking.act, signal: asking.signal, body: { type, xml } })
}
