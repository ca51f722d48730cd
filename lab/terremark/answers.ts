// Part of our own simulator of Terremark vCloud Express (lab/terremark): its answers, written by us in the shapes that
// were recorded from the real service: mixed namespaces, unset values, line breaks in addresses, both spellings.
import { escapeXml } from '../../src/io/xml.ts'
import type { Machine, Task } from './estate.ts'

const instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
const core = `xmlns="http://www.vmware.com/vcloud/v0.8" ${instance}`
const express = 'xmlns="urn:tmrk:vCloudExpress-1.0" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
const ovf = 'http://schemas.dmtf.org/ovf/envelope/1'
const rasd = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData'
const mediaType = (name: string): string => `application/vnd.vmware.vcloud.${name}+xml`

export const apiPath = '/api/v0.8a-ext1.6'

/** Writes answers whose addresses begin with this origin. */
export type Writer = ReturnType<typeof writerFor>

/** One page of a list, and the address of the next. */
export type Page<Each> = { readonly items: readonly Each[]; readonly next: string | null }
export type Service = {
  readonly id: number
  readonly machine: Machine
  readonly port: number
  readonly protocol: string
  readonly publicAddress: string
  readonly publicPort: number
}

export function writerFor(origin: string, user: string) {
  const href = (path: string): string => `${origin}${apiPath}${path}`
  const reference = (element: string, path: string, type: string, name: string, rel = ''): string =>
    `<${element}${rel === '' ? '' : ` rel="${rel}"`} href="${escapeXml(href(path))}" type="${type}" name="${escapeXml(name)}"/>`
  const next = (page: Page<unknown>): string => (page.next === null ? '' : `<Link rel="nextPage" href="${escapeXml(href(page.next))}"/>`)
  // The extensions write their addresses with a line break at the end.
  const place = (path: string): string => `<Href>${href(path)}\n        </Href>`

  return {
    versions: (): string =>
      `<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions" ${instance}><VersionInfo><Version>0.8a-ext1.6</Version><LoginUrl>${href('/login')}</LoginUrl></VersionInfo></SupportedVersions>`,
    orgList: (): string => `<OrgList ${core}>${reference('Org', '/org/240', mediaType('org'), user)}</OrgList>`,
    org: (centres: readonly string[]): string => {
      const links = centres.flatMap((name, index) => [
        reference('Link', `/vdc/${index + 1}`, mediaType('vdc'), name, 'down'),
        reference('Link', `/vdc/${index + 1}/catalog`, mediaType('catalog'), `${name} Catalog`, 'down'),
      ])
      return `<Org href="${href('/org/240')}" name="${escapeXml(user)}" ${core}>${links.join('')}</Org>`
    },
    centre: (id: number, name: string, page: Page<Machine>): string => {
      const vapps = page.items.map((machine) => reference('ResourceEntity', `/vapp/${machine.id}`, mediaType('vApp'), machine.name))
      const links = [
        reference('Link', `/vdc/${id}/publicIps`, 'application/xml', 'Public IPs', 'down'),
        reference('Link', `/vdc/${id}/internetServices`, 'application/xml', 'Internet Services', 'down'),
      ]
      return `<Vdc href="${href(`/vdc/${id}`)}" type="${mediaType('vdc')}" name="${escapeXml(name)}" ${core}>${links.join('')}${next(page)}<Description/><ResourceEntities>${vapps.join('')}</ResourceEntities></Vdc>`
    },
    vapp: (machine: Machine): string => {
      const { id, name, status, centre } = machine
      const size = status < 2 ? 10 : disksOf(machine).reduce((sum, disk) => sum + disk, 0)
      const up = `<Link rel="up" href="${href(`/vdc/${centre}`)}" type="${mediaType('vdc')}"/>`
      return `<VApp href="${href(`/vapp/${id}`)}" type="${mediaType('vApp')}" name="${escapeXml(name)}" status="${status}" size="${size}" ${core}>${up}${status < 2 ? '' : sections(machine)}</VApp>`
    },
    services: (page: Page<Service>): string => {
      const each = page.items.map(
        ({ id, publicAddress, publicPort, protocol, machine }) =>
          `<InternetService><Id>${id}</Id>${place(`/InternetServices/${id}`)}<Name>${escapeXml(machine.name)} ${protocol}</Name><PublicIpAddress><Id>${id}</Id>${place(`/PublicIps/${id}`)}<Name>${publicAddress}</Name></PublicIpAddress><Port>${publicPort}</Port><Protocol>${protocol}</Protocol><Enabled>true</Enabled><Timeout>1</Timeout><Description/></InternetService>`,
      )
      return `<InternetServices ${express}>${next(page)}${each.join('')}</InternetServices>`
    },
    serviceNodes: ({ id, machine, port }: Service): string =>
      `<NodeServices ${express}><NodeService><Id>${id}</Id>${place(`/NodeServices/${id}`)}<Name>${escapeXml(machine.name)}</Name><IpAddress>${machine.address ?? ''}</IpAddress><Port>${port}</Port><Enabled>true</Enabled><Description i:nil="true"/></NodeService></NodeServices>`,
    publicAddresses: (addresses: readonly string[]): string => {
      const each = addresses.map((address, id) => `<PublicIPAddress><Id>${id}</Id>${place(`/PublicIps/${id}`)}<Name>${address}</Name></PublicIPAddress>`)
      return `<PublicIpAddresses ${express}>${each.join('')}</PublicIpAddresses>`
    },
    task: ({ id, status, machine, message }: Task): string => {
      const error = status === 'error' ? `<Error message="${escapeXml(message ?? '')}" majorErrorCode="500" minorErrorCode=""/>` : ''
      return `<Task href="${href(`/task/${id}`)}" type="${mediaType('task')}" status="${status}" startTime="2009-11-16T18:18:02.82Z" ${core}>${reference('Owner', `/vdc/${machine.centre}`, mediaType('vdc'), 'owner')}${reference('Result', `/vapp/${machine.id}`, mediaType('vApp'), machine.name)}${error}</Task>`
    },
    error: (status: number, message: string): string => `<Error message="${escapeXml(message)}" majorErrorCode="${status}" minorErrorCode="" ${core}/>`,
  }
}

function disksOf(machine: Machine): readonly number[] {
  return machine.disksKiB ?? [10_485_760]
}

function sections(machine: Machine): string {
  const { address, cpus = 1, memoryMiB = 1024, system = 'Debian GNU/Linux 5 (64-bit)' } = machine
  const connection = address === undefined ? '' : `<IpAddress>${address}</IpAddress>`
  const items = [
    item({
      AllocationUnits: 'hertz * 10^6',
      ElementName: `${cpus} virtual CPU(s)`,
      InstanceID: 1,
      ResourceType: 3,
      VirtualQuantity: cpus,
      VirtualQuantityUnits: 'count',
    }),
    item({
      AllocationUnits: 'byte * 2^20',
      ElementName: `${memoryMiB}MB of memory`,
      InstanceID: 2,
      ResourceType: 4,
      VirtualQuantity: memoryMiB,
      VirtualQuantityUnits: 'byte * 2^20',
    }),
    item({ Address: 0, ElementName: 'SCSI Controller 0', InstanceID: 3, ResourceSubType: 'lsilogic', ResourceType: 6 }),
    ...disksOf(machine).map((size, index) =>
      item({
        AddressOnParent: index,
        ElementName: `Hard Disk ${index + 1}`,
        HostResource: size,
        InstanceID: 9,
        Parent: 3,
        ResourceType: 17,
        VirtualQuantity: size,
      }),
    ),
  ]
  return [
    `<NetworkConnectionSection xmlns="${ovf}"><NetworkConnection Network="Internal" xmlns="http://www.vmware.com/vcloud/v0.8">${connection}</NetworkConnection></NetworkConnectionSection>`,
    `<OperatingSystemSection d2p1:id="96" xmlns="${ovf}" xmlns:d2p1="${ovf}"><Info>The kind of installed guest operating system</Info><Description>${escapeXml(system)}</Description></OperatingSystemSection>`,
    `<VirtualHardwareSection xmlns="${ovf}"><Info>Virtual Hardware</Info><System/>${items.join('')}</VirtualHardwareSection>`,
  ].join('\n  ')
}

const fields = [
  'Address',
  'AddressOnParent',
  'AllocationUnits',
  'Caption',
  'ElementName',
  'HostResource',
  'InstanceID',
  'Parent',
  'ResourceSubType',
  'ResourceType',
]

/** Each child in a namespace of its own, and those without a value marked as unset. */
function item(values: Readonly<Record<string, string | number>>): string {
  const children = [...fields, 'VirtualQuantity', 'VirtualQuantityUnits'].map((name) => {
    const value = values[name]
    return value === undefined ? `<${name} xsi:nil="true" xmlns="${rasd}"/>` : `<${name} xmlns="${rasd}">${value}</${name}>`
  })
  return `<Item>${children.join('')}</Item>`
}
