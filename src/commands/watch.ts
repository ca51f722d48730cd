// lifeboat watch: looks at the nodes of all moves until Ctrl-C, and keeps what it sees as evidence.
import { LifeboatError } from '../core/errors.ts'
import { bindSecrets } from '../config/references.ts'
import type { Config } from '../config/schema.ts'
import { Secret } from '../core/secret.ts'
import { verdictLine } from '../ui/verdict-line.ts'
import { onInterrupt } from './interrupt.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import { readSettings } from './session.ts'

export async function watch(options: GlobalOptions & { readonly observer?: string; readonly listen?: string }): Promise<number> {
  const { signal, forget } = onInterrupt()
  try {
    // Without the password of a provider its nodes can be looked at all the same.
    const { draft, state, values } = await readSettings(options, signal, (error) => say(options, error.message))
    const config = bindSecrets(draft.document, new Map(Object.entries(values).map(([reference, value]) => [reference, new Secret(value)])))
    const observer = observerOf(config, options.observer)
    const { watchNodes } = await import('../controller/watch.ts')
    await watchNodes({
      config,
      state,
      observer,
      signal,
      listen: listenOf(options.listen, config),
      tell: (text) => say(options, text),
      onStart: (nodes, controls, url) => {
        say(options, `${observer.name} watches ${nodes} node${nodes === 1 ? '' : 's'} every ${config.watch.interval / 1000} s; Ctrl-C ends it.`)
        if (url !== null) say(options, `Its evidence is at ${url}, for bearers of server.tokens.`)
        if (controls === 0) say(options, 'Without `watch.controls:` nobody can tell whether it is well itself, so it has no vote.')
      },
      onKept: (evidence) => {
        if (options.json === true) for (const each of evidence) answer(JSON.stringify({ schema: 'lifeboat.evidence/1', ...each }))
      },
      onVerdict: (at, target, vote) => (options.json === true ? say : answerLine)(options, verdictLine(at, target, vote)),
    })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    forget()
  }
  return 0
}

function listenOf(listen: string | undefined, { server }: Config): string | null {
  if (listen === undefined) return null
  if (!/^\S+:\d+$/.test(listen)) throw new LifeboatError('usage', `--listen takes HOST:PORT, not ${listen}.`)
  if (server.tokens.length === 0) throw new LifeboatError('config-invalid', 'Without `server.tokens:` in lifeboat.yaml nobody could be let in at --listen.')
  return listen
}

function answerLine(_: GlobalOptions, line: string): void {
  answer(line)
}

/** The one that is named, else the first that is this machine's to be; without any, one that shares nothing with nobody. */
function observerOf({ watch: { observers } }: Config, name: string | undefined): Config['watch']['observers'][number] {
  const here = observers.find((each) => (name === undefined ? each.url === undefined : each.name === name))
  if (here !== undefined) return here
  if (name !== undefined) throw new LifeboatError('usage', `There is no observer ${name} under \`watch.observers:\` in lifeboat.yaml.`)
  return { name: 'here', failureDomain: 'here' }
}
