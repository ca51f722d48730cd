// The floor that the server sets: fetches the pages of an inventory over the same HTTP client and throws them away. Prints
// how many machines were in them, and the seconds.
import { Agent, request } from 'undici'
import { escapeXml } from '../../src/io/xml.ts'
import { placeProperties, type PropertySet } from '../../src/providers/vsphere/properties.ts'

const { VC_URL: url = '', VC_USER: user = '', VC_PASSWORD: password = '' } = process.env
const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 1, connections: 1 })
const schemas = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const marker = Buffer.from('<objects>')
let cookie = ''
let machines = 0

/** Answers the beginning of the answer, where a token would stand. */
async function call(body: string): Promise<string> {
  const text = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" ${schemas}><e:Body>${body}</e:Body></e:Envelope>`
  const headers = { 'content-type': 'text/xml', soapaction: '"urn:vim25/6.5"', ...(cookie === '' ? {} : { cookie }) }
  const response = await request(url, { dispatcher, method: 'POST', headers, body: text })
  cookie = [response.headers['set-cookie'] ?? []].flat()[0]?.split(';')[0] ?? cookie
  if (response.statusCode !== 200) throw new Error(`vcsim answered ${response.statusCode}`)
  let head = ''
  let last: Buffer = Buffer.alloc(0)
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    if (head.length < 4096) head += chunk.toString()
    // One count for each object, also where two chunks meet.
    const seam = Buffer.concat([last.subarray(-marker.length + 1), chunk.subarray(0, marker.length - 1)])
    machines += count(chunk) + (seam.includes(marker) ? 1 : 0)
    last = chunk
  }
  return head
}

function count(chunk: Buffer): number {
  let found = 0
  for (let at = chunk.indexOf(marker); at >= 0; at = chunk.indexOf(marker, at + 1)) found += 1
  return found
}

async function fetchAll(sets: readonly PropertySet[]): Promise<void> {
  const types = sets.map(({ type }) => `<type>${type}</type>`).join('')
  const container = '<container type="Folder">group-d1</container>'
  const made = await call(
    `<CreateContainerView xmlns="urn:vim25"><_this type="ViewManager">ViewManager</_this>${container}${types}<recursive>true</recursive></CreateContainerView>`,
  )
  const view = /type="ContainerView">([^<]*)</.exec(made)?.[1]
  const asked = sets.map(({ type, paths }) => `<propSet><type>${type}</type>${paths.map((path) => `<pathSet>${path}</pathSet>`).join('')}</propSet>`).join('')
  const selected = '<selectSet xsi:type="TraversalSpec"><name>view</name><type>ContainerView</type><path>view</path><skip>false</skip></selectSet>'
  const collector = '<_this type="PropertyCollector">propertyCollector</_this>'
  let head = await call(
    `<RetrievePropertiesEx xmlns="urn:vim25">${collector}<specSet>${asked}<objectSet><obj type="ContainerView">${view}</obj><skip>true</skip>${selected}</objectSet></specSet><options><maxObjects>100</maxObjects></options></RetrievePropertiesEx>`,
  )
  for (let token = tokenOf(head); token !== undefined; token = tokenOf(head)) {
    head = await call(`<ContinueRetrievePropertiesEx xmlns="urn:vim25">${collector}<token>${token}</token></ContinueRetrievePropertiesEx>`)
  }
}

function tokenOf(head: string): string | undefined {
  return /<token>([^<]+)</.exec(head)?.[1]
}

const began = performance.now()
const login = `<userName>${escapeXml(user)}</userName><password>${escapeXml(password)}</password>`
await call(`<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this>${login}</Login>`)
await fetchAll(placeProperties)
machines = 0
await fetchAll([{ type: 'VirtualMachine', paths: process.argv.slice(2) }])
process.stdout.write(JSON.stringify({ machines, seconds: (performance.now() - began) / 1000 }))
await dispatcher.destroy()
