// The keys of a provider of kind openstack in lifeboat.yaml.
import { z } from 'zod'
import { rangeField, secretField } from '../../core/fields.ts'
import { apiUrl } from '../https-api.ts'
import { pricesField, sizesField } from '../size-list.ts'

const named = z.string().min(1)

const password = z.strictObject({
  user: named,
  password: secretField,
  project: named.describe('name of the project that the nodes are in'),
  domain: named.default('Default').describe('of the user and the project'),
})

const applicationCredential = z.strictObject({ applicationCredential: named.describe('its id'), secret: secretField })

export const openstackSchema = z.strictObject({
  kind: z.literal('openstack'),
  authUrl: apiUrl('Address of the identity service, version 3'),
  region: named.describe('region of the nodes'),
  login: z.union([password, applicationCredential], 'must have user, password and project, or applicationCredential and secret'),
  network: z.strictObject({
    external: named.describe('network that public addresses come from'),
    cidr: rangeField.default('10.20.0.0/16').describe('private range of the network that the nodes get; not one that the sources use'),
    nameServers: z.array(z.ipv4()).default([]).describe('that the nodes ask; default: those of the cloud'),
    sshFrom: z.array(rangeField).min(1).default(['0.0.0.0/0']).describe('from where ssh may come; log-in is by key only'),
  }),
  images: z.record(named, named).default({}).describe('names or ids of images by the name that moves use; default: the same name'),
  sizes: sizesField.refine((sizes) => Object.keys(sizes).length > 0, 'must name one flavor at least').describe('flavors of this cloud, by their name'),
  prices: pricesField.optional().describe('what they cost'),
  volumeType: named.optional().describe('type of the data volumes; default: that of the cloud'),
})

export type OpenstackConfig = z.output<typeof openstackSchema>
