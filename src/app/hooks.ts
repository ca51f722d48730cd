// The webhooks of a configuration, opened, and the evidence log that they fill.
import { join } from 'node:path'
import { hookOf } from '../adapters.ts'
import type { Config } from '../config/schema.ts'
import { fetchOutside } from '../watch/hooks/fetch.ts'
import type { HookContext } from '../watch/hooks/hook.ts'
import { openReceiver, type OpenHook, type Receiver } from '../watch/hooks/receiver.ts'
import { openEvidenceLog } from '../watch/log/open.ts'

export type HookReceiver = Pick<Receiver, 'receive'> & { readonly sources: readonly string[]; readonly close: () => Promise<void> }

const lookEveryMs = 5000

/** Ready to take deliveries; the log stands in `evidence/` of the state folder. Fails as openHooks and openEvidenceLog do. */
export async function receiveHooks(config: Config, state: string, onLog: (text: string) => void): Promise<HookReceiver> {
  const hooks = openHooks(config, { fetch: fetchOutside })
  const log = await openEvidenceLog(join(state, 'evidence'), { tell: onLog })
  const receiver = await openReceiver({ hooks, log, onLog, now: Date.now() })
  const timer = setInterval(() => {
    receiver.look(Date.now()).catch((error: unknown) => onLog(`hooks: ${String(error)}`))
  }, lookEveryMs)
  return {
    receive: receiver.receive,
    sources: [...hooks.keys()],
    close: async () => {
      clearInterval(timer)
      await log.close()
    },
  }
}

/** By their names; its secrets must be bound. Fails with config-invalid. */
export function openHooks({ hooks }: Pick<Config, 'hooks'>, context: HookContext): Map<string, OpenHook> {
  return new Map(
    Object.entries(hooks).flatMap(([name, { deadMan = null, ...config }]): [string, OpenHook][] => {
      const family = hookOf(config.family)
      // It was parsed by the schema of this very family.
      return family === undefined ? [] : [[name, { family: config.family, hook: family.open(name, config as never, context), deadMan }]]
    }),
  )
}
