// The contract of a family of webhooks. What holds for every family is written here; test/conformance/hook.ts runs it.
import type { z } from 'zod'
import type { Signal } from '../../core/evidence.ts'
import type { Told } from '../../core/signals/told.ts'

/** One delivery as it came. */
export type Delivery = {
  /** By lower-case name; of several of one name the first. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** What stands after the `?` of the URL. */
  readonly query: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  /** By our clock, in milliseconds. */
  readonly receivedAt: number
}

export type Reading = {
  /** The same over all retries of one delivery, and covered by what was verified; null: the bytes themselves are all there is. */
  readonly deliveryKey: string | null
  readonly told: readonly Told[]
}

export type Hook = {
  /**
   * Who sent it, from the raw bytes and headers alone and in constant time; nothing is read out of a delivery before.
   * Fails with delivery-refused, or with server-busy when it cannot be told now.
   */
  readonly verify: (delivery: Delivery) => Promise<Signal['auth']>
  /** What it tells. An end has the `instanceKey` of its beginning. A shape that is not known fails with delivery-unreadable. */
  readonly read: (delivery: Delivery) => Reading
  /** What is to be done for its sender once it is on the disk: nothing else may hang on it. */
  readonly afterwards?: (delivery: Delivery) => Promise<void>
}

/** What a family needs of its surroundings. */
export type HookContext = {
  /** The status and the text of an HTTPS URL; no redirect is followed. */
  readonly fetch: (url: string) => Promise<{ readonly status: number; readonly text: string }>
}

/** One line of `adapters.ts` for each family. `name` is the key under `hooks:`; errors name it. Fails with config-invalid. */
export type HookFamily<Schema extends z.ZodObject = z.ZodObject> = {
  readonly schema: Schema
  readonly open: (name: string, config: z.infer<Schema>, context: HookContext) => Hook
}
