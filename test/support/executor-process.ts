// A process that runs moves, with a world of two tables in place of nodes: a step that lasts leaves a mark in `world.mark`
// every 100 ms, for as long as nobody with a higher token has (as a node's helper does), until `world.go` has a row.
// Arguments: the URL of the database, the folder that it holds, `shared` or `alone`, the version of the runbook that it says it has. SIGUSR2 begins the stored moves. It prints `ready`, then why it ends.
import { randomUUID } from 'node:crypto'
import { LifeboatError } from '../../src/core/errors.ts'
import type { Node } from '../../src/core/node.ts'
import { sleep } from '../../src/io/wait.ts'
import { launchDurable } from '../../src/workflows/durable.ts'
import { executors } from '../../src/workflows/executors.ts'
import { openJournal } from '../../src/workflows/journal.ts'
import { openJournalPool } from '../../src/workflows/journal-pool.ts'
import type { OpenPorts, Ports } from '../../src/workflows/ports.ts'
import { openSignals } from '../../src/workflows/signals.ts'
import { createTables, openStore } from '../../src/workflows/store.ts'

const [databaseUrl = '', folder = '', kind = '', version = ''] = process.argv.slice(2)
const isShared = kind === 'shared'
const pool = openJournalPool({ url: databaseUrl, label: 'of this test', isShared }, 10)
pool.on('error', () => undefined)
const stop = new AbortController()
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

const away = async (): Promise<never> => await Promise.reject(new LifeboatError('node-failed', 'There is no node.'))
const link = { run: away, call: away, close: async () => await Promise.resolve() }

const openPorts: OpenPorts = async (settings, plan, wait) => {
  const token = (await store.move(settings.name))?.token ?? 0
  const leaveMarks = async (signal: AbortSignal): Promise<{ address: string; privateAddress: null; id: string }> => {
    for (;;) {
      signal.throwIfAborted()
      const mark = `insert into world.mark (folder, token) select $1, $2 where not exists (select from world.mark where token > $2)`
      if ((await pool.query(mark, [folder, token])).rowCount === 0) throw new LifeboatError('token-stale', 'Refused.')
      if ((await pool.query('select from world.go')).rowCount !== 0) return { address: '192.0.2.1', privateAddress: null, id: 'a' }
      await sleep(100, signal)
    }
  }
  const node = { name: settings.name, power: 'on', hazards: [] } as unknown as Node
  const ports = {
    settings,
    plan,
    lookUp: async () => await Promise.resolve(node),
    stored: async () => await Promise.resolve(node),
    notNamed: async () => await Promise.resolve([]),
    provision: async (_listen: unknown, signal: AbortSignal) => await leaveMarks(AbortSignal.any([signal, wait.signal])),
    link: async () => await Promise.resolve(link),
    movers: [],
    databases: [],
    roots: [],
    names: [],
  }
  return await Promise.resolve(ports as unknown as Ports)
}

await createTables(pool)
const store = openStore(pool)
const services = { store, journal: openJournal(pool), signals: openSignals(pool), identity: 'test' }
const durable = await launchDurable({
  databaseUrl,
  isShared,
  executor: randomUUID(),
  folder,
  kind: 'worker',
  runsMoves: true,
  version,
  executors: executors(pool, version),
  services,
  openPorts,
  stop: stop.signal,
  onLost: (why) => {
    tell(`lost ${why.code}`)
    process.exit(4)
  },
  onLog: (text) => void process.stderr.write(`${text}\n`),
})
process.on('SIGTERM', () => {
  void durable.shutdown().then(() => process.exit(0))
})
process.on('SIGUSR2', () => {
  void store.moves().then(async (moves) => {
    for (const { name } of moves) await durable.start({ move: name, run: 1, want: 'migrate', approval: 'person', notBefore: null })
  })
})
tell('ready')
