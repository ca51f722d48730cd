// The keys of a provider of kind aws in lifeboat.yaml.
import { z } from 'zod'
import { rangeField, secretField } from '../../core/fields.ts'

const network = z.strictObject({
  cidr: rangeField.default('10.20.0.0/16').describe('private range of the network that the nodes get; not one that the sources use'),
  zone: z.string().min(1).optional().describe('availability zone; default: AWS chooses'),
  sshFrom: z.array(rangeField).min(1).default(['0.0.0.0/0']).describe('from where ssh may come; log-in is by key only'),
})

const image = z.strictObject({
  owner: z.string().min(1).describe('account that published the image, or self'),
  name: z.string().min(1).describe('name of the image; * stands for anything, the newest is taken'),
})

export const awsSchema = z.strictObject({
  kind: z.literal('aws'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, 'must be a region, for instance eu-central-1')
    .describe('region of the nodes'),
  profile: z.string().min(1).optional().describe('profile of the AWS configuration files; default: what the environment offers'),
  accessKey: secretField.optional().describe('with secretKey, instead of a profile'),
  secretKey: secretField.optional(),
  network: network.prefault({}),
  rootGiB: z.number().int().min(8).default(20).describe('system disk of each node; the data of a move has a volume of its own'),
  images: z.record(z.string().min(1), image).default({}).describe('images by the name that moves use, beside those known by name'),
  endpoint: z.url().optional().describe('only for a lab'),
})

export type AwsConfig = z.output<typeof awsSchema>
