// What Lifeboat uses of Pulumi's vsphere SDK. Plain JavaScript, since Node strips no types below node_modules.
import * as pulumi from '@pulumi/pulumi'
import own from './package.json' with { type: 'json' }

/** The engine takes the plugin of exactly this version. */
const { version } = own.pulumi

/** Every output has to be named, with undefined, or the engine's answer has no place to go. */
const outputs = (...names) => Object.fromEntries(names.map((name) => [name, undefined]))
const versioned = (opts) => pulumi.mergeOptions({ version }, opts ?? {})

export class Provider extends pulumi.ProviderResource {
  constructor(name, args = {}, opts) {
    // A provider takes what is no text as JSON.
    const { allowUnverifiedSsl } = args
    const flags = allowUnverifiedSsl === undefined ? {} : { allowUnverifiedSsl: pulumi.output(allowUnverifiedSsl).apply(JSON.stringify) }
    super('vsphere', name, { ...args, ...flags }, versioned(opts))
  }
}

export class Folder extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super('vsphere:index/folder:Folder', name, { ...args }, versioned(opts))
  }
}

export class VirtualDisk extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super('vsphere:index/virtualDisk:VirtualDisk', name, { ...args }, versioned(opts))
  }
}

export class VirtualMachine extends pulumi.CustomResource {
  constructor(name, args, opts) {
    const computed = outputs('defaultIpAddress', 'guestIpAddresses', 'moid', 'uuid')
    super('vsphere:index/virtualMachine:VirtualMachine', name, { ...args, ...computed }, versioned(opts))
  }
}

const invoke = (token) => (args, opts) => pulumi.runtime.invokeOutput(token, args, { version, ...opts })

export const getDatacenterOutput = invoke('vsphere:index/getDatacenter:getDatacenter')
export const getDatastoreOutput = invoke('vsphere:index/getDatastore:getDatastore')
export const getNetworkOutput = invoke('vsphere:index/getNetwork:getNetwork')
export const getResourcePoolOutput = invoke('vsphere:index/getResourcePool:getResourcePool')
export const getVirtualMachineOutput = invoke('vsphere:index/getVirtualMachine:getVirtualMachine')
