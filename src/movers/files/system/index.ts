// The transplant of a whole system (docs/transplant.md): folder trees as ever, with accounts that have other numbers on the
// other side, and with all that stays left out.
import { LifeboatError } from '../../../core/errors.ts'
import { visible } from '../../../core/terminal.ts'
import { act } from '../../act.ts'
import type { Mover, Pair } from '../../mover.ts'
import { homesOnlyThere, ownersOf, type Owners } from './accounts.ts'
import { mergeAccounts, mergeKeys, readSystem } from './merge.ts'
import { fitness } from './sides.ts'

export { whatStays } from './stays.ts'

/** Whose numbers are which; asked before each pass and each comparison. */
export async function readOwners(pair: Pair, signal: AbortSignal): Promise<Owners> {
  const [from, to] = await Promise.all([readSystem(pair.from, signal), readSystem(pair.to, signal)])
  const [source, target] = pair.from.name === 'source' ? [from, to] : [to, from]
  return ownersOf(source.accounts, target.accounts)
}

/** A mover of files whose root is that of a system, with what belongs around its passes. */
export function transplant(exclude: readonly string[], files: Mover): Mover {
  return {
    ...files,
    prepare: async (pair, signal) => {
      const notes = await fitness(pair, signal)
      const [from, to] = await Promise.all([readSystem(pair.from, signal), readSystem(pair.to, signal)])
      const [account, home = ''] = homesOnlyThere(from.accounts, to.accounts).find(([, place]) => !isLeftOut(place, exclude)) ?? []
      if (account !== undefined && pair.from.name === 'source') {
        const text = `Only the target has the account ${visible(account)}, and its ${visible(home)} would be put aside: write it under exclude, or remove the account.`
        throw new LifeboatError('gate-closed', text)
      }
      const prepared = await files.prepare(pair, signal)
      return { ...prepared, warnings: [...prepared.warnings, ...notes] }
    },
    sync: async (pair, kind, signal, onProgress) => {
      const [from, to] = await Promise.all([readSystem(pair.from, signal), readSystem(pair.to, signal)])
      const accounts = await mergeAccounts(pair, from, to, signal)
      const pass = await files.sync(pair, kind, signal, onProgress)
      await mergeKeys(pair, from, to, accounts, signal)
      // A unit that came is not known before systemd has read it, and what started it would fail.
      if (kind === 'final' || kind === 'first') await act(pair.to, ['systemctl', 'daemon-reload'], { signal, role: 'closed' })
      return pass
    },
  }
}

/** By a pattern without wildcards, of it or of a folder above it. */
function isLeftOut(path: string, exclude: readonly string[]): boolean {
  return exclude.some((pattern) => `${path}/`.startsWith(`${pattern.replace(/\/$/, '')}/`))
}
