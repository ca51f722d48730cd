// lifeboat.yaml as it was when a move began; references, never secrets. A thousand moves of one text share it: each would
// otherwise keep, carry and read a copy that is as long as there are moves.
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

export type ConfigText = { readonly text: string; readonly baseFolder: string }

/** What stands with a move. Moves of older versions have the text itself. */
type Kept = { readonly baseFolder: string } & ({ readonly digest: string } | { readonly text: string })

const mostRemembered = 8

export function configTexts(pool: Pool) {
  /** Texts by their digest, the latest last; each stands in the database. */
  const known = new Map<string, string>()
  const remember = (digest: string, text: string): void => {
    known.set(digest, text)
    if (known.size > mostRemembered) known.delete(known.keys().next().value ?? '')
  }
  return {
    /** Stores the text, unless it is there, and answers what stands for it with a move. */
    keep: async ({ text, baseFolder }: ConfigText): Promise<Kept> => {
      for (const [digest, other] of known) if (other === text) return { digest, baseFolder }
      const digest = createHash('sha256').update(text).digest('hex')
      await pool.query('insert into lifeboat.config (digest, text) values ($1, $2) on conflict do nothing', [digest, text])
      remember(digest, text)
      return { digest, baseFolder }
    },
    /** The text with which this move began; empty where there is no such move. */
    of: async (move: string): Promise<ConfigText> => {
      const { rows } = await pool.query<{ config: Kept }>('select config from lifeboat.move where name = $1', [move])
      const config = rows[0]?.config ?? { text: '', baseFolder: '' }
      if ('text' in config) return config
      const { digest, baseFolder } = config
      const remembered = known.get(digest)
      if (remembered !== undefined) return { text: remembered, baseFolder }
      const found = await pool.query<{ text: string }>('select text from lifeboat.config where digest = $1', [digest])
      const text = found.rows[0]?.text ?? ''
      remember(digest, text)
      return { text, baseFolder }
    },
  }
}
