// The webhooks of a configuration, opened.
import { hookOf } from '../adapters.ts'
import type { Config } from '../config/schema.ts'
import type { OpenHook } from '../watch/hooks/receiver.ts'
import type { HookContext } from '../watch/hooks/hook.ts'

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
