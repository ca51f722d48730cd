// lifeboat serve: the controller for everybody who has a token, until it is told to end.
import { bindSecrets } from '../config/references.ts'
import { Secret } from '../core/secret.ts'
import { tellFailure } from './failure.ts'
import { interrupted } from './interrupt.ts'
import { say, type GlobalOptions } from './output.ts'
import { readSettings } from './session.ts'

export async function serve(options: GlobalOptions): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(interrupted))
  const { draft, state, values, database } = await readSettings(options, stop.signal)
  const secrets = new Map(Object.entries(values).map(([reference, value]) => [reference, new Secret(value)]))
  const config = bindSecrets(draft.document, secrets)
  const onLog = (text: string): void => say(options, `${new Date().toISOString()} ${text}`)
  // What it loads is most of its memory.
  const { startServing } = await import('../controller/serve.ts')
  const { url, ended } = await startServing({
    state,
    database,
    config,
    configText: { text: draft.text, baseFolder: draft.baseFolder },
    secrets: values,
    pulumiRoot: options.pulumiRoot ?? null,
    stop,
    onLost: (why) => process.exit(tellFailure(options, why)),
    onLog,
  })
  const [hooks, tokens] = [Object.keys(config.hooks), config.server.tokens.map(({ name }) => name)]
  say(options, `Serving at ${url}; Ctrl-C ends it. Hooks: ${listed(hooks)}. Tokens: ${listed(tokens)}.`)
  if (!isLoopback(config.server.listen))
    say(options, 'It can be reached from other machines, and without TLS: put a proxy with TLS before it, or tokens can be read on the way.')
  await ended
  // Lines to nodes of moves that were left would keep it.
  process.exit(0)
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

function isLoopback(listen: string): boolean {
  return /^(127\.|localhost:|\[::1\])/.test(listen)
}
