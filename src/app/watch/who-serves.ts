// Which targets of this configuration serve, as the database says: for whoever watches and judges.
import type { Config } from '../../config/schema.ts'
import type { Serving } from '../../core/serving.ts'
import type { Store } from '../../workflows/store.ts'

export type WhoServes = {
  /** Asks the database. */
  readonly look: () => Promise<Serving>
  /** What it said last. */
  readonly last: () => Serving
}

/** Asks once. */
export async function openWhoServes(store: Pick<Store, 'serving'>, { moves }: Pick<Config, 'moves'>): Promise<WhoServes> {
  const names = Object.keys(moves)
  let last = await store.serving(names)
  return {
    look: async () => {
      last = await store.serving(names)
      return last
    },
    last: () => last,
  }
}
