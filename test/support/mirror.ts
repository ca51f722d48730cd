// A name server that answers what the API of a simulated DNS service lists: such services have an API in tests, and no servers.
import type { TestContext } from 'node:test'
import type { Endpoint } from '../../src/io/dns-wire.ts'
import { classes, decodeMessage, encodeMessage, type ResourceRecord } from '../../src/dns/codec.ts'
import { types, type RecordData } from '../../src/dns/record-data.ts'
import { framed, startTcp } from './dns-proxy.ts'

/** `TTL TYPE data` of each record of this name and type. */
export type Records = (name: string, type: string) => Promise<readonly string[]>

export async function startMirror(t: TestContext, records: Records): Promise<Endpoint> {
  return await startTcp(t, (socket, bytes) => {
    const request = decodeMessage(bytes).message
    const [asked] = request.questions
    const type = Object.entries(types).find(([, number]) => number === asked?.type)?.[0]
    void (async () => {
      if (asked === undefined || type === undefined) throw new Error('no such question')
      const answers = (await records(asked.name, type)).map((line) => recordOf(asked.name, asked.type, line))
      socket.write(framed(encodeMessage({ ...request, response: true, authoritative: true, answers })))
    })().catch(() => socket.destroy())
  })
}

function recordOf(name: string, type: number, line: string): ResourceRecord {
  const [ttl = '', , ...words] = line.split(' ')
  const text = words.join(' ')
  const data: RecordData = type === types.TXT ? { kind: 'text', strings: [Buffer.from(text.replaceAll('"', ''))] } : { kind: 'address', address: text }
  return { name, type, class: classes.IN, ttl: Number(ttl), data }
}
