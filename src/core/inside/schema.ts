// What a node looks like from inside: `lifeboat.inside/1`. A part that could not be read is null and stands in `unseen`
// with why; a part that was read and holds nothing is empty. Nothing is guessed.
import { z } from 'zod'

const text = z.string().nullable()
const number = z.number().nullable()

const mount = z.object({
  place: z.string(),
  device: z.string(),
  type: z.string(),
  sizeMiB: number,
  usedMiB: number,
  files: number,
  /** Within the last hour before the look: what a pass over the data has to carry after an hour, at most. */
  changedFiles: number,
  changedMiB: number,
  /** Bytes a second that were written to the device while we looked. */
  writtenPerSecond: number,
})

const listener = z.object({
  protocol: z.enum(['tcp', 'udp']),
  address: z.string(),
  port: z.number(),
  unit: text,
  program: text,
  package: z.object({ name: z.string(), version: z.string(), configuration: z.array(z.string()) }).nullable(),
})

const connection = z.object({ address: z.string(), port: z.number(), unit: text, program: text })

const database = z.object({
  kind: z.enum(['postgresql', 'mysql', 'redis']),
  version: z.string(),
  port: number,
  role: z.enum(['primary', 'replica', 'unknown']),
  /** Who follows this server or whom it follows, in the server's own words. */
  replication: z.array(z.string()),
  databases: z.array(
    z.object({
      name: z.string(),
      sizeMiB: number,
      encoding: text,
      collation: text,
      /** When its indexes were built, and on this machine now: another one on the target breaks indexes on text. */
      collationVersion: text,
      libraryVersion: text,
    }),
  ),
})

export const insideSchema = z.object({
  schema: z.literal('lifeboat.inside/1'),
  takenAt: z.string(),
  system: z.object({ hostname: text, name: text, id: text, version: text, kernel: text, machine: text, uptimeSeconds: number, user: text }).nullable(),
  /** `busy`: how many processors worked, on average since the start; `load15`: how many tasks wanted one, in the last 15 minutes. */
  cpu: z.object({ count: number, model: text, flags: z.array(z.string()), busy: number.default(null), load15: number.default(null) }).nullable(),
  memory: z.object({ totalMiB: z.number(), usedMiB: z.number(), swapMiB: z.number(), swapUsedMiB: z.number() }).nullable(),
  mounts: z.array(mount).nullable(),
  listeners: z.array(listener).nullable(),
  /** Whom the node talks to by itself: one entry for each address and port. */
  connections: z.array(connection).nullable(),
  /** `substate`: what systemd says beside it, such as running, or exited where the unit only did something once. */
  services: z.array(z.object({ unit: z.string(), state: text, substate: text.default(null), enabled: text, file: text })).nullable(),
  timers: z.array(z.object({ unit: z.string(), starts: text, state: text, when: text, file: text.default(null) })).nullable(),
  /** `packaged`: the file came with a package, so that the target has its own; null: nobody could say. */
  jobs: z
    .array(z.object({ when: z.string(), user: z.string(), program: z.string(), file: z.string(), packaged: z.boolean().nullable().default(null) }))
    .nullable(),
  users: z.array(z.object({ name: z.string(), id: z.number(), home: z.string(), shell: z.string() })).nullable(),
  databases: z.array(database).nullable(),
  containers: z.array(z.object({ engine: z.string(), id: z.string(), image: z.string(), status: z.string(), ports: z.string(), name: z.string() })).nullable(),
  certificates: z.array(z.object({ file: z.string(), subject: text, names: z.array(z.string()), expires: text })).nullable(),
  virtualHosts: z.array(z.object({ name: z.string(), file: z.string() })).nullable(),
  time: z.object({ epochSeconds: number, zone: text, keeper: text, synchronized: z.boolean().nullable() }).nullable(),
  dns: z.object({ nameservers: z.array(z.string()), search: z.array(z.string()), options: z.array(z.string()), hosts: z.array(z.string()) }).nullable(),
  /** Addresses that stand in a file of /etc as they are. */
  literals: z
    .array(z.object({ address: z.string(), file: z.string() }))
    .nullable()
    .default(null),
  versions: z.record(z.string(), z.string()).nullable(),
  unseen: z.array(z.object({ what: z.string(), why: z.string() })),
})

export type Inside = Readonly<z.infer<typeof insideSchema>>
export type Mount = Readonly<z.infer<typeof mount>>
export type Listener = Readonly<z.infer<typeof listener>>
export type Connection = Readonly<z.infer<typeof connection>>
export type Database = Readonly<z.infer<typeof database>>
