// A node is a server, wherever it runs. This is the shape of `lifeboat.inventory/1` (interfaces.md §4): what a source
// says it has, with the time. A value that the provider did not give is null and its field name stands in `unknown`.
import { z } from 'zod'
import { byCodeUnit } from './canonical.ts'
import { insideSchema } from './inside/schema.ts'

const notice = z.object({
  code: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  text: z.string(),
  /** What to do about it. */
  hint: z.string().optional(),
})

const disk = z.object({
  label: z.string(),
  sizeMiB: z.number().nullable(),
  usedMiB: z.number().nullable(),
})

const nic = z.object({
  mac: z.string().nullable(),
  network: z.string().nullable(),
  connected: z.boolean().nullable(),
  addresses: z.array(z.string()),
})

/** What a source can tell of how a move of this node should look: a suggestion for that key of lifeboat.yaml, with why. */
const hint = z.object({ key: z.enum(['after', 'ports', 'names', 'services', 'data', 'checks']), value: z.string(), text: z.string() })

export const nodeSchema = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string().nullable(),
  power: z.enum(['on', 'off', 'suspended', 'unknown']),
  template: z.boolean(),
  cpus: z.number().nullable(),
  memoryMiB: z.number().nullable(),
  disks: z.array(disk),
  nics: z.array(nic),
  os: z.object({
    family: z.enum(['linux', 'windows', 'bsd', 'other', 'unknown']),
    id: z.string().nullable(),
    name: z.string().nullable(),
  }),
  hostname: z.string().nullable(),
  addresses: z.array(z.string()),
  firmware: z.enum(['bios', 'efi']).nullable(),
  tools: z.enum(['running', 'stopped', 'absent', 'unknown']),
  snapshots: z.number().nullable(),
  labels: z.record(z.string(), z.string()),
  hazards: z.array(notice),
  hints: z.array(hint).optional(),
  /** What the node told of itself over ssh, where somebody asked. */
  inside: insideSchema.optional(),
  unknown: z.array(z.string()),
})

export const inventorySchema = z.object({
  schema: z.literal('lifeboat.inventory/1'),
  provider: z.string(),
  kind: z.string(),
  takenAt: z.string(),
  complete: z.boolean(),
  warnings: z.array(notice),
  nodes: z.array(nodeSchema),
})

/** Anything with a code for machines and a text for people. */
export type Notice = Readonly<z.infer<typeof notice>>
export type Hint = Readonly<z.infer<typeof hint>>
export type Disk = Readonly<z.infer<typeof disk>>
export type Nic = Readonly<z.infer<typeof nic>>
export type Node = Readonly<z.infer<typeof nodeSchema>>
export type Inventory = Readonly<z.infer<typeof inventorySchema>>
export type Power = Node['power']

/** By code, then text: the order in which notices are shown, whatever order they were found in. */
export function compareNotices(one: Notice, other: Notice): number {
  return byCodeUnit(one.code, other.code) || byCodeUnit(one.text, other.text)
}
