// A team that watches: a Lifeboat that judges (`serve`), two observers elsewhere (`watch`), and the provider's status page.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { baselineAtLeast } from '../src/core/judge-rules.ts'
import { waitUntil } from '../src/io/wait.ts'
import { openEvidenceReader } from '../src/watch/log/reader.ts'
import { repository } from './place.ts'
import type { WorldSpec } from './spec.ts'
import type { World } from './world.ts'

const here = '192.0.2.1'
const elsewhere = { paris: { failureDomain: 'ovh', port: 8431 }, oslo: { failureDomain: 'telenor', port: 8432 } } as const
const page = { port: 8480, url: `http://${here}:8480` } as const
const usualWithinMs = 240_000
const spareLooks = 5
const tokenFile = 'secrets/observer-token'
/** Of whoever follows the observers, and tells them which nodes serve. */
const token = randomBytes(16).toString('hex')

/** Keys of lifeboat.yaml for a world whose web-1 has a standby that is watched. `policy`: over the defaults here. */
export function watchedConfig(policy: Readonly<Record<string, unknown>> = {}, fence: 'provider' | 'ssh' = 'provider'): NonNullable<WorldSpec['config']> {
  return {
    providers: { old: { contact: { statusPage: page.url } } },
    moves: { 'web-1': { standby: {}, fence: [{ kind: fence }] } },
    watch: {
      interval: '2s',
      statusPageInterval: '2s',
      observers: [
        { name: 'here', failureDomain: 'office' },
        ...Object.entries(elsewhere).map(([name, { failureDomain, port }]) => ({
          name,
          failureDomain,
          url: `http://${here}:${port}`,
          token: `file:${tokenFile}`,
        })),
      ],
      // What each observer asks whether it is well itself: the name server, and the page of the lab.
      controls: ['tcp://192.0.2.53:53', page.url],
      policy: { mode: 'propose', quorum: 2, hold: '10s', maxLag: '3m', ...policy },
    },
    server: { listen: '127.0.0.1:0', tokens: [{ name: 'lifeboat', scope: 'operate', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` }] },
  }
}

export type Team = {
  /** What `serve` said so far. */
  readonly said: () => string
  /** Waits until it says something that fits; answers the match. */
  readonly hears: (what: RegExp, withinMs: number) => Promise<RegExpExecArray>
  /** Waits until every observer has looked so often that it can tell what is slow. */
  readonly knowsUsual: () => Promise<void>
  /** What the provider's page says from now on. */
  readonly post: (status: string, body: string) => void
  readonly stop: () => Promise<void>
}

/** Starts all of them, and waits until `serve` serves. */
export async function startTeam({ folder }: Pick<World, 'folder'>): Promise<Team> {
  writeFileSync(path.join(folder, tokenFile), token, { mode: 0o600 })
  const statusPage = await startStatusPage()
  const observers = Object.entries(elsewhere).map(([name, { port }]) =>
    startCli(folder, `${name}.log`, ['watch', '--observer', name, '--state', `.${name}`, '--listen', `${here}:${port}`]),
  )
  const server = startCli(folder, 'serve.log', ['serve'])
  const said = (): string => readFileSync(path.join(folder, 'serve.log'), 'utf8')
  const hears: Team['hears'] = async (what, withinMs) =>
    await waitUntil(
      async () => {
        if (server.exitCode !== null) throw new Error(`serve ended with ${server.exitCode}:\n${said()}`)
        return await Promise.resolve(what.exec(said()))
      },
      { what: `${String(what)} in what serve says`, deadlineMs: withinMs, everyMs: 200, signal: AbortSignal.timeout(withinMs + 5000) },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${said().slice(-2000)}`)
    })
  await hears(/Serving at/, 60_000)
  return {
    said,
    hears,
    knowsUsual: async () => {
      const signal = AbortSignal.timeout(usualWithinMs + 5000)
      const looked = async () => ((await looksOf(folder)) >= baselineAtLeast + spareLooks ? true : null)
      await waitUntil(looked, { what: 'What is usual', deadlineMs: usualWithinMs, everyMs: 1000, signal })
    },
    post: statusPage.post,
    stop: async () => {
      await Promise.all([...observers, server].map(endOf))
      await statusPage.stop()
    },
  }
}

/** How often the observer that looked the least has tried the last rung. */
async function looksOf(folder: string): Promise<number> {
  const evidence = openEvidenceReader(path.join(folder, '.lifeboat', 'evidence'))
  if (evidence === null) return 0
  try {
    const kept = await evidence.read({
      from: '1970-01-01T00:00:00.000Z',
      to: '9999-12-31T23:59:59.999Z',
      kinds: ['sample'],
      targets: ['web-1'],
      rungs: ['app'],
    })
    const tried = kept.flatMap(({ evidence: each }) => (each.kind === 'sample' && each.outcome === 'ok' ? [each.observer] : []))
    return Math.min(...['here', ...Object.keys(elsewhere)].map((name) => tried.filter((observer) => observer === name).length))
  } finally {
    await evidence.close()
  }
}

function startCli(folder: string, log: string, args: readonly string[]): ChildProcess {
  const file = openSync(path.join(folder, log), 'a')
  const child = spawn(process.execPath, [path.join(repository, 'src/cli.ts'), ...args], { cwd: folder, stdio: ['ignore', file, file] })
  closeSync(file)
  return child
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 30_000).unref())])
  child.kill('SIGKILL')
}

/** A status page in the form of Statuspage: all is well there until somebody posts. */
async function startStatusPage(): Promise<{ readonly post: Team['post']; readonly stop: () => Promise<void> }> {
  const posts: { readonly id: string; readonly status: string; readonly body: string; readonly created_at: string }[] = []
  const incidents = () =>
    posts.length === 0
      ? []
      : [
          {
            id: 'i1',
            name: 'Slow responses',
            status: posts.at(-1)?.status,
            impact: 'minor',
            created_at: posts[0]?.created_at,
            incident_updates: posts.toReversed(),
          },
        ]
  const since = new Date().toISOString()
  const server = createServer((request, response) => {
    const isOver = posts.length === 0 || posts.at(-1)?.status === 'resolved'
    const status = isOver ? { indicator: 'none', description: 'All Systems Operational' } : { indicator: 'minor', description: 'Minor Service Outage' }
    const summary = {
      page: { id: 'p1', name: 'Old provider', updated_at: posts.at(-1)?.created_at ?? since },
      status,
      components: [],
      incidents: isOver ? [] : incidents(),
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/api/v2/incidents.json' ? { incidents: incidents() } : summary))
  })
  server.listen(page.port, here)
  await once(server, 'listening')
  return {
    post: (status, body) => void posts.push({ id: `u${posts.length + 1}`, status, body, created_at: new Date().toISOString() }),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
