// What befalls the state of a controller: its database ends, its disk is full, another version has used it.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { attempt, run } from '../../lab/command.ts'
import { placesOf } from '../../src/controller/places.ts'
import { startPostgres } from '../../src/controller/postgres.ts'
import { goesByItself, soon, stateOf, withClient, type Fault } from './blow.ts'
import type { Scene } from './scenario.ts'
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts'

const startOwn = async (scene: Scene) => await startPostgres(placesOf(stateOf(scene)), soon())

export const ownDatabaseRestarted: Fault = {
  codes: ['database-unavailable'],
  lastsMs: 0,
  ends: true,
  cause: async ({ scene }) => {
    await (await startOwn(scene)).stop()
    return async () => await startOwn(scene)
  },
}

export function sharedDatabaseRestarted(): Fault {
  let database: SharedDatabase | null = null
  return {
    spec: { config: { database: 'file:secrets/database' } },
    prepare: async (scene, t) => {
      database = await openSharedDatabase(t)
      writeFileSync(path.join(scene.folder, 'secrets', 'database'), database.url, { mode: 0o600 })
      return database.url
    },
    codes: ['database-unreachable'],
    lastsMs: 0,
    ends: true,
    cause: async () => {
      await database?.restart()
      return goesByItself
    },
  }
}

const filler = (scene: Scene): string => path.join(stateOf(scene), 'filler')

export const diskFull: Fault = {
  prepare: async (scene) => {
    mkdirSync(stateOf(scene), { recursive: true, mode: 0o700 })
    await run('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=700', 'tmpfs', stateOf(scene)])
    return null
  },
  codes: ['state-disk-full', 'database-unavailable'],
  answers: true,
  lastsMs: 15_000,
  cause: async ({ scene, url }) => {
    await attempt('dd', ['if=/dev/zero', `of=${filler(scene)}`, 'bs=4k'])
    // Nor is there room in the pages of the journal that are there already.
    const junk = `insert into lifeboat.journal (move, run, step, state, text) values ('filler', 0, 'filler', 'progress', repeat('x', 400))`
    await withClient(url, async (client) => {
      for (let rows = 0; rows < 100; rows++) await client.query(junk)
    }).catch(() => undefined)
    return async () => {
      rmSync(filler(scene), { force: true })
      // Whoever comes next finds a server, whatever became of the one that had no room.
      await startOwn(scene)
    }
  },
}

type Query = (sql: string) => Promise<unknown>

/** Kills the controller, and does something with what it left behind. */
function used(change: (scene: Scene, query: Query) => Promise<unknown>): Fault {
  return {
    codes: [],
    lastsMs: 0,
    ends: true,
    cause: async ({ scene, moments, url }) => {
      scene.killController()
      await moments.pass()
      await withClient(url, async (client) => void (await change(scene, async (sql) => await client.query(sql))))
      return goesByItself
    },
  }
}

/** What versions before the hashes, the places of moves, the rehearsals and the numbers of tables left: these were not there. */
const older = `
  drop table lifeboat.version; drop table lifeboat.slot; drop table lifeboat.slot_round; drop function lifeboat.append_record;
  alter table lifeboat.journal drop column hash;
  update lifeboat.move set facts = facts - 'rehearsal' - 'portsServed' - 'audited' - 'approved' - 'own' #- '{measured,checkMs}',
    settings = settings - 'plan' - 'window' #- '{finish,remindAfterMs}'`

export const usedByOlder = used(async (_, query) => await query(older))

export const usedByNewer = used(async (scene, query) => {
  await query('update lifeboat.version set number = number + 1')
  const { exitCode, stdout } = await scene.begin('status', '--json')
  assert.equal(exitCode, 4, stdout)
  assert.match(stdout, /"code":"database-newer","message":"A newer Lifeboat has used this database: its tables have version \d+, this one knows up to \d+\."/)
  await query('update lifeboat.version set number = number - 1')
})
