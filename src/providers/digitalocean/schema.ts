// The keys of a provider of kind digitalocean in lifeboat.yaml.
import { z } from 'zod'
import { rangeField, secretField } from '../../core/fields.ts'
import { apiUrl } from '../https-api.ts'
import { pricesField, sizesField } from '../size-list.ts'

export const digitaloceanSchema = z.strictObject({
  kind: z.literal('digitalocean'),
  token: secretField.describe('API token, to read and write'),
  region: z
    .string()
    .regex(/^[a-z]{3}\d$/, 'must be a region, for instance fra1')
    .describe('where the nodes and their volumes are'),
  network: z
    .strictObject({
      cidr: rangeField.default('10.20.0.0/16').describe('private range of the network that the nodes get; not one that the sources use'),
      sshFrom: z.array(rangeField).min(1).default(['0.0.0.0/0']).describe('from where ssh may come; log-in is by key only'),
    })
    .prefault({}),
  sshKey: z.string().min(1).optional().describe('id or fingerprint of a key that the account has; default: one is made'),
  images: z.record(z.string().min(1), z.string().min(1)).default({}).describe('slugs or ids of images by the name that moves use'),
  sizes: sizesField.default({}).describe('sizes beside the built-in ones, by their name'),
  prices: pricesField.optional().describe('prices that are known better'),
  endpoint: apiUrl('Only for a lab').default('https://api.digitalocean.com'),
})

export type DigitaloceanConfig = z.output<typeof digitaloceanSchema>
