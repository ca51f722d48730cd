// Types of what is in index.js; names and meanings are those of the published package.
import type * as pulumi from '@pulumi/pulumi'

type In<T> = pulumi.Input<T>
type Out<T> = pulumi.Output<T>

export interface ProviderArgs {
  user?: In<string>
  password?: In<string>
  vsphereServer?: In<string>
  allowUnverifiedSsl?: In<boolean>
}

export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args?: ProviderArgs, opts?: pulumi.ResourceOptions)
}

export interface FolderArgs {
  /** Below the folder of its type in the datacenter. */
  path: In<string>
  type: In<string>
  datacenterId?: In<string>
}

export class Folder extends pulumi.CustomResource {
  readonly path: Out<string>
  constructor(name: string, args: FolderArgs, opts?: pulumi.CustomResourceOptions)
}

export interface VirtualDiskArgs {
  /** Name of the datastore, and of the datacenter. */
  datastore: In<string>
  datacenter?: In<string>
  vmdkPath: In<string>
  /** GiB. */
  size: In<number>
  type?: In<string>
  createDirectories?: In<boolean>
}

export class VirtualDisk extends pulumi.CustomResource {
  readonly vmdkPath: Out<string>
  constructor(name: string, args: VirtualDiskArgs, opts?: pulumi.CustomResourceOptions)
}

export interface VirtualMachineDisk {
  label: In<string>
  /** GiB. */
  size?: In<number>
  unitNumber?: In<number>
  thinProvisioned?: In<boolean>
  eagerlyScrub?: In<boolean>
  attach?: In<boolean>
  path?: In<string>
  datastoreId?: In<string>
}

export interface VirtualMachineNetworkInterface {
  networkId: In<string>
  adapterType?: In<string>
}

export interface VirtualMachineClone {
  templateUuid: In<string>
}

export interface VirtualMachineArgs {
  resourcePoolId: In<string>
  name?: In<string>
  folder?: In<string>
  datastoreId?: In<string>
  /** MiB. */
  memory?: In<number>
  numCpus?: In<number>
  guestId?: In<string>
  firmware?: In<string>
  scsiType?: In<string>
  annotation?: In<string>
  enableDiskUuid?: In<boolean>
  clone?: In<VirtualMachineClone>
  disks?: In<In<VirtualMachineDisk>[]>
  networkInterfaces?: In<In<VirtualMachineNetworkInterface>[]>
  extraConfig?: In<Record<string, In<string>>>
  /** Minutes; below 1: it is not waited for. */
  waitForGuestNetTimeout?: In<number>
  waitForGuestNetRoutable?: In<boolean>
}

export class VirtualMachine extends pulumi.CustomResource {
  readonly defaultIpAddress: Out<string>
  readonly guestIpAddresses: Out<string[]>
  readonly moid: Out<string>
  readonly uuid: Out<string>
  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.CustomResourceOptions)
}

type Found<T = unknown> = Out<T & { readonly id: string }>

export function getDatacenterOutput(args: { name?: In<string> }, opts?: pulumi.InvokeOutputOptions): Found
export function getDatastoreOutput(args: { name: In<string>; datacenterId?: In<string> }, opts?: pulumi.InvokeOutputOptions): Found
export function getNetworkOutput(args: { name: In<string>; datacenterId?: In<string> }, opts?: pulumi.InvokeOutputOptions): Found
export function getResourcePoolOutput(args: { name?: In<string>; datacenterId?: In<string> }, opts?: pulumi.InvokeOutputOptions): Found

export interface VirtualMachineTemplate {
  readonly guestId: string
  readonly firmware: string
  readonly scsiType: string
  readonly disks: { readonly size: number; readonly thinProvisioned: boolean; readonly eagerlyScrub: boolean }[]
  readonly networkInterfaceTypes: string[]
}

/** `name` may be a path below the datacenter's folder of machines. */
export function getVirtualMachineOutput(args: { name: In<string>; datacenterId?: In<string> }, opts?: pulumi.InvokeOutputOptions): Found<VirtualMachineTemplate>
