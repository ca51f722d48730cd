// The answers, written by us in the shapes of recorded ones (prefixes, order, links).
import { escapeXml } from '../../src/io/xml.ts'
import type { Machine, State, Task, VApp } from './state.ts'

const spaces =
  'xmlns="http://www.vmware.com/vcloud/v1.5" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:vmw="http://www.vmware.com/schema/ovf" ' +
  'xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vcloud="http://www.vmware.com/vcloud/v1.5" ' +
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
const type = (name: string): string => `application/vnd.vmware.vcloud.${name}+xml`

/** Passwords that a real one puts into its answers: none of them may ever be seen outside. */
export const canaries = ['cAn4ry#Admin', 'canary-script-line', 'cAn4ry#Ovf'] as const

export type Version = { readonly version: string; readonly deprecated?: boolean }

export function versionsPage(versions: readonly Version[], origin: string): string {
  const infos = versions.map(
    ({ version, deprecated }) =>
      `<VersionInfo deprecated="${deprecated === true}"><Version>${version}</Version><LoginUrl>${origin}/api/sessions</LoginUrl></VersionInfo>`,
  )
  return `${head}<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions">${infos.join('')}</SupportedVersions>`
}

export function errorPage(major: number, minor: string, message: string): string {
  return `${head}<Error ${spaces} minorErrorCode="${minor}" message="${escapeXml(message)}" majorErrorCode="${major}"/>`
}

export function taskPage({ id, operation, owner, status, error }: Task, origin: string): string {
  const failed = error === null ? '' : `<Error minorErrorCode="INTERNAL_SERVER_ERROR" message="${escapeXml(error)}" majorErrorCode="500"/>`
  const cancel = status === 'running' ? `<Link rel="task:cancel" href="${origin}/api/task/${id}/action/cancel"/>` : ''
  return (
    `${head}<Task ${spaces} status="${status}" operation="${operation} (${owner})" operationName="${operation}" name="task" type="${type('task')}" ` +
    `href="${origin}/api/task/${id}">${cancel}<Owner type="${type('vm')}" href="${origin}/api/vApp/${owner}"/>${failed}</Task>`
  )
}

/** One page of the query. A template is always among them, as some servers have it whatever the filter says. */
export function queryPage(state: State, origin: string, page: number, pageSize: number): string {
  const records = [...state.vApps.flatMap((vApp) => vApp.machines.map((machine) => recordOf(vApp, machine, origin))), templateRecord(origin)]
  const shown = records.slice((page - 1) * pageSize, page * pageSize)
  const address = (number: number): string => escapeXml(`${origin}/api/query?type=vm&format=records&page=${number}&pageSize=${pageSize}`)
  const next = page * pageSize < records.length ? `<Link rel="nextPage" type="${type('query.records')}" href="${address(page + 1)}"/>` : ''
  const about = `name="vm" page="${page}" pageSize="${pageSize}" total="${records.length}" type="${type('query.records')}" href="${address(page)}"`
  return `${head}<QueryResultRecords ${spaces} ${about}>${next}${shown.join('')}</QueryResultRecords>`
}

const powerWords = { on: 'POWERED_ON', off: 'POWERED_OFF', suspended: 'SUSPENDED' } as const
const powerCodes = { on: 4, off: 8, suspended: 3 } as const

function recordOf(vApp: VApp, { id, spec, power, deployed }: Machine, origin: string): string {
  return (
    `<VMRecord href="${origin}/api/vApp/${id}" name="${escapeXml(spec.name)}" container="${origin}/api/vApp/${vApp.id}" containerName="${escapeXml(vApp.name)}" ` +
    `vdcName="shop-vdc" isVAppTemplate="false" isDeleted="false" isDeployed="${deployed}" guestOs="Debian GNU/Linux 12 (64-bit)" ` +
    `numberOfCpus="${spec.cpus ?? 1}" memoryMB="${spec.memoryMiB ?? 1024}" status="${powerWords[power]}" vmToolsVersion="${toolsVersion(spec.tools)}"/>`
  )
}

function templateRecord(origin: string): string {
  const names = `name="debian-12" container="${origin}/api/vAppTemplate/vappTemplate-1" containerName="debian-12"`
  return `<VMRecord href="${origin}/api/vAppTemplate/vm-1" ${names} isVAppTemplate="true" isDeleted="false" isDeployed="false" status="POWERED_OFF"/>`
}

export function vAppPage(vApp: VApp, origin: string): string {
  const { id, name, machines } = vApp
  const items = machines.map(
    ({ spec }) =>
      `<ovf:Item ovf:stopDelay="0" ovf:stopAction="powerOff" ovf:startDelay="${spec.delaySeconds ?? 0}" ovf:startAction="powerOn" ovf:order="${spec.order ?? 0}" ovf:id="${escapeXml(spec.name)}"/>`,
  )
  return (
    `${head}<VApp ${spaces} deployed="true" status="${statusOf(machines)}" name="${escapeXml(name)}" id="urn:vcloud:vapp:${id.slice(5)}" ` +
    `type="${type('vApp')}" href="${origin}/api/vApp/${id}"><Description/>` +
    '<LeaseSettingsSection ovf:required="false"><ovf:Info>Lease settings section</ovf:Info>' +
    '<DeploymentLeaseInSeconds>0</DeploymentLeaseInSeconds><StorageLeaseInSeconds>0</StorageLeaseInSeconds></LeaseSettingsSection>' +
    `<ovf:StartupSection><ovf:Info>VApp startup section</ovf:Info>${items.join('')}</ovf:StartupSection>` +
    `<Owner type="${type('owner')}"><User type="application/vnd.vmware.admin.user+xml" name="shop-team" href="${origin}/api/admin/user/1"/></Owner>` +
    `<Children>${machines.map((machine) => machineElement(machine, origin, '')).join('')}</Children></VApp>`
  )
}

/** 10: its machines differ. */
function statusOf(machines: readonly Machine[]): number {
  const codes = new Set(machines.map(({ power }) => powerCodes[power]))
  return codes.size === 1 ? ([...codes][0] ?? 8) : 10
}

export function machinePage(machine: Machine, origin: string): string {
  return `${head}${machineElement(machine, origin, ` ${spaces}`)}`
}

function machineElement(machine: Machine, origin: string, declared: string): string {
  const { id, spec, power, deployed } = machine
  const place = `${origin}/api/vApp/${id}`
  const actions = power === 'on' ? ['powerOff', 'reboot', 'reset', 'shutdown', 'suspend'] : ['powerOn']
  const links = actions.map((action) => `<Link rel="power:${action}" href="${place}/power/action/${action}"/>`)
  if (deployed) links.push(`<Link rel="undeploy" type="${type('undeployVAppParams')}" href="${place}/action/undeploy"/>`)
  return (
    `<Vm${declared} needsCustomization="false" deployed="${deployed}" status="${powerCodes[power]}" name="${escapeXml(spec.name)}" id="urn:vcloud:vm:${id.slice(3)}" ` +
    `type="${type('vm')}" href="${place}">${links.join('')}<Description/>${hardware(machine)}` +
    '<ovf:OperatingSystemSection ovf:id="96" vmw:osType="debian12_64Guest"><ovf:Info>Specifies the operating system installed</ovf:Info>' +
    `<ovf:Description>Debian GNU/Linux 12 (64-bit)</ovf:Description></ovf:OperatingSystemSection>${networkSection(machine, origin, '')}` +
    '<GuestCustomizationSection ovf:required="false"><ovf:Info>Specifies Guest OS Customization Settings</ovf:Info><Enabled>true</Enabled>' +
    `<AdminPasswordEnabled>true</AdminPasswordEnabled><AdminPassword>${canaries[0]}</AdminPassword>` +
    `<CustomizationScript>#!/bin/sh\n${canaries[1]}</CustomizationScript><ComputerName>${escapeXml(spec.name)}</ComputerName></GuestCustomizationSection>` +
    `<RuntimeInfoSection><ovf:Info>Specifies Runtime info</ovf:Info><VMWareTools version="${toolsVersion(spec.tools)}"/></RuntimeInfoSection>` +
    `<SnapshotSection ovf:required="false"><ovf:Info>Snapshot information section</ovf:Info>${snapshotElement(machine)}</SnapshotSection>` +
    '<ovfenv:Environment xmlns:ovfenv="http://schemas.dmtf.org/ovf/environment/1"><ovfenv:PropertySection>' +
    `<ovfenv:Property ovfenv:value="${canaries[2]}" ovfenv:key="vCloud_adminPassword"/></ovfenv:PropertySection></ovfenv:Environment></Vm>`
  )
}

function toolsVersion(tools: boolean | undefined): number {
  return tools === false ? 0 : 12_352
}

function snapshotElement({ snapshot }: Machine): string {
  return snapshot === null ? '' : `<Snapshot created="${snapshot.created}" poweredOn="false" size="1073741824"/>`
}

function hardware({ spec, cards }: Machine): string {
  const nics = cards.map(({ index, mac, address }) => {
    const ip = address === null ? '' : ` vcloud:ipAddress="${address}"`
    const connection = `<rasd:Connection${ip} vcloud:primaryNetworkConnection="${index === 0}" vcloud:ipAddressingMode="${address === null ? 'DHCP' : 'POOL'}">shop-net</rasd:Connection>`
    return `<rasd:Address>${mac}</rasd:Address><rasd:AddressOnParent>${index}</rasd:AddressOnParent>${connection}<rasd:ResourceSubType>VMXNET3</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType>`
  })
  const disks = (spec.disksMiB ?? [8192]).map(
    (size, number) =>
      `<rasd:ElementName>Hard disk ${number + 1}</rasd:ElementName><rasd:HostResource vcloud:capacity="${size}" vcloud:busSubType="VirtualSCSI" vcloud:busType="6"/>` +
      `<rasd:InstanceID>${2000 + number}</rasd:InstanceID><rasd:ResourceType>17</rasd:ResourceType>` +
      `<rasd:VirtualQuantity>${size * 1024 ** 2}</rasd:VirtualQuantity><rasd:VirtualQuantityUnits>byte</rasd:VirtualQuantityUnits>`,
  )
  const cpu = `<rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>${spec.cpus ?? 1}</rasd:VirtualQuantity>`
  const memory = `<rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>${spec.memoryMiB ?? 1024}</rasd:VirtualQuantity>`
  const items = [...nics, ...disks, cpu, memory].map((item) => `<ovf:Item>${item}</ovf:Item>`)
  return `<ovf:VirtualHardwareSection ovf:transport=""><ovf:Info>Virtual hardware requirements</ovf:Info>${items.join('')}</ovf:VirtualHardwareSection>`
}

export function networkPage(machine: Machine, origin: string): string {
  return `${head}${networkSection(machine, origin, ` ${spaces}`)}`
}

function networkSection({ id, cards }: Machine, origin: string, declared: string): string {
  const connections = cards.map(
    ({ index, mac, address, connected }) =>
      `<NetworkConnection network="shop-net" needsCustomization="false"><NetworkConnectionIndex>${index}</NetworkConnectionIndex>` +
      `${address === null ? '' : `<IpAddress>${address}</IpAddress>`}<IsConnected>${connected}</IsConnected><MACAddress>${mac}</MACAddress>` +
      `<IpAddressAllocationMode>${address === null ? 'DHCP' : 'POOL'}</IpAddressAllocationMode><NetworkAdapterType>VMXNET3</NetworkAdapterType></NetworkConnection>`,
  )
  const place = `${origin}/api/vApp/${id}/networkConnectionSection/`
  return (
    `<NetworkConnectionSection${declared} type="${type('networkConnectionSection')}" href="${place}" ovf:required="false">` +
    '<ovf:Info>Specifies the available VM network connections</ovf:Info><PrimaryNetworkConnectionIndex>0</PrimaryNetworkConnectionIndex>' +
    `${connections.join('')}<Link rel="edit" type="${type('networkConnectionSection')}" href="${place}"/></NetworkConnectionSection>`
  )
}

export function metadataPage({ metadata }: Machine): string {
  const entries = [...metadata].map(
    ([key, value]) =>
      `<MetadataEntry><Key>${escapeXml(key)}</Key><TypedValue xsi:type="MetadataStringValue"><Value>${escapeXml(value)}</Value></TypedValue></MetadataEntry>`,
  )
  return `${head}<Metadata ${spaces}>${entries.join('')}</Metadata>`
}
