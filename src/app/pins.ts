// known_hosts of this machine, kept equal with the host keys in the database that other machines share.
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { messageOf } from '../core/errors.ts'
import { readKeys, writeKeys } from '../io/known-hosts.ts'
import type { Store } from '../workflows/store.ts'

export type Pins = {
  /** Takes what others have seen, and gives what ssh has written since. A key that differs from the one that was first seen is forgotten: ssh then refuses the host. */
  readonly exchange: () => Promise<void>
  /** The same, when ssh has written since the last time. */
  readonly give: () => Promise<void>
}

/** Pins of a database that is not shared: the file alone is enough. */
export const noPins: Pins = { exchange: async () => await Promise.resolve(), give: async () => await Promise.resolve() }

export function sharedPins(store: Pick<Store, 'exchangeHostKeys'>, file: string, onLog: (text: string) => void): Pins {
  let known = ''
  let turn: Promise<void> = Promise.resolve()
  const exchange = async (): Promise<void> => {
    const text = await readFile(file, 'utf8').catch(() => '')
    const ours = readKeys(text)
    const all = await store.exchangeHostKeys(ours)
    // Comments and markers are somebody's own.
    const others = text.split('\n').filter((line) => line.trim() !== '' && readKeys(line).length === 0)
    const wanted = others.map((line) => `${line}\n`).join('') + writeKeys(all)
    const strange = ours.filter(({ host, kind, key }) => !all.some((each) => each.host === host && each.kind === kind && each.key === key))
    for (const { host } of strange) onLog(`The host key of ${host} is not the one that was first seen.`)
    if (wanted !== text) {
      await writeFile(`${file}.new`, wanted, { mode: 0o600 })
      await rename(`${file}.new`, file)
    }
    known = await versionOf(file)
  }
  const inTurn = async (act: () => Promise<void>): Promise<void> => {
    turn = turn.then(act, act)
    await turn
  }
  return {
    exchange: async () => await inTurn(exchange),
    give: async () =>
      await inTurn(async () => {
        // The way to the database may be slow or gone; whoever wants a node must not wait or fail for that.
        if ((await versionOf(file)) !== known) await exchange().catch((error: unknown) => onLog(`Host keys were not stored: ${messageOf(error)}`))
      }),
  }
}

async function versionOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => null)
  return found === null ? '' : `${found.ino}/${found.mtimeMs}/${found.size}`
}
