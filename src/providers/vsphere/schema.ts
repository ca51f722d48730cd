// The keys of a provider of kind vsphere in lifeboat.yaml.
import { z } from 'zod'
import { Secret } from '../../core/secret.ts'
import { apiKeys, apiUrl } from '../https-api.ts'

const name = z.string().min(1)

const target = z.strictObject({
  datacenter: name.describe('datacenter of the nodes'),
  resourcePool: name.describe('resource pool of the nodes, such as Cluster/Resources'),
  datastore: name.describe('datastore of their disks'),
  network: name.describe('network of their one card; its DHCP gives them their addresses'),
  folder: name.optional().describe('folder that is made for them below vm; default: lifeboat-<project>'),
  rootGiB: z.number().int().min(1).default(20).describe('system disk of each node, at least that of its template; the data of a move has a disk of its own'),
  images: z.record(name, name).default({}).describe('paths of templates below vm, by the names that moves use; another name is a path itself'),
  addressMinutes: z.number().int().min(1).default(10).describe('how long a new node may take until VMware Tools tell its address'),
})

export const vsphereSchema = z.strictObject({
  kind: z.literal('vsphere'),
  url: apiUrl('Address of the vCenter or ESXi host, such as https://vcenter.example/sdk'),
  user: z.string().min(1).describe('User name, such as ops@vsphere.local'),
  password: z.instanceof(Secret).describe('Password of that user'),
  ...apiKeys,
  target: target.optional().describe('Where new nodes are made; only where moves lead here'),
})

export type VsphereConfig = z.output<typeof vsphereSchema>
export type Place = z.output<typeof target>
