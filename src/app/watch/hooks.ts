// The webhooks of a configuration, opened.
import type { EvidenceLog } from '../../watch/evidence-log.ts'
import { hookOf } from '../../adapters.ts'
import type { Config } from '../../config/schema.ts'
import { fetchOutside } from '../../watch/hooks/fetch.ts'
import type { HookContext } from '../../watch/hooks/hook.ts'
import { openReceiver, type OpenHook, type Receiver } from '../../watch/hooks/receiver.ts'

export type HookReceiver = Pick<Receiver, 'receive'> & { readonly sources: readonly string[]; readonly close: () => void }

const lookEveryMs = 5000

/** Ready to take deliveries. Fails as openHooks does. */
export async function receiveHooks(config: Config, log: EvidenceLog, onLog: (text: string) => void): Promise<HookReceiver> {
  const hooks = openHooks(config, { fetch: fetchOutside })
  const receiver = await openReceiver({ hooks, log, onLog, now: Date.now() })
  const timer = setInterval(() => {
    receiver.look(Date.now()).catch((error: unknown) => onLog(`hooks: ${String(error)}`))
  }, lookEveryMs)
  return { receive: receiver.receive, sources: [...hooks.keys()], close: () => clearInterval(timer) }
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
