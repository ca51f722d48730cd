// The keys of a provider of kind hcloud in lifeboat.yaml.
import { z } from 'zod'
import { rangeField, secretField } from '../../core/fields.ts'
import { apiUrl } from '../https-api.ts'
import { pricesField, sizesField } from '../size-list.ts'

/** The network zone of each location, which a private network does not reach beyond. https://docs.hetzner.cloud */
export const zones = { fsn1: 'eu-central', nbg1: 'eu-central', hel1: 'eu-central', ash: 'us-east', hil: 'us-west', sin: 'ap-southeast' } as const

export const hcloudSchema = z.strictObject({
  kind: z.literal('hcloud'),
  token: secretField.describe('API token of the project, to read and write'),
  location: z.enum(Object.keys(zones) as (keyof typeof zones)[]).describe('where the nodes and their volumes are'),
  network: z
    .strictObject({
      cidr: rangeField.default('10.20.0.0/16').describe('private range of the network that the nodes get; not one that the sources use'),
      sshFrom: z.array(rangeField).min(1).default(['0.0.0.0/0']).describe('from where ssh may come; log-in is by key only'),
    })
    .prefault({}),
  sshKey: z.string().min(1).optional().describe('name of a key that the project has; default: one is made'),
  images: z.record(z.string().min(1), z.string().min(1)).default({}).describe('images or ids of snapshots by the name that moves use'),
  sizes: sizesField.default({}).describe('sizes beside the built-in ones, by their name'),
  prices: pricesField.optional().describe('prices that are known better'),
  endpoint: apiUrl('Only for a lab').default('https://api.hetzner.cloud/v1'),
})

export type HcloudConfig = z.output<typeof hcloudSchema>
