// Two nodes of a move that has a database beside its files: prepared by a real controller that is gone.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import type { Pair } from '../../src/movers/mover.ts'
import { preparedPair } from './pair.ts'
import { setScene, type Scene } from './scenario.ts'

export type DatabaseSpec = {
  /** Its entry under `data:`. */
  readonly data: Readonly<Record<string, unknown>>
  /** Files below `secrets/`. */
  readonly secrets?: Readonly<Record<string, string>>
  /** What both nodes are given before anything of it runs. */
  readonly prepare?: string
  /** Starts it on the source, with data. */
  readonly start: string
  /** Keys of the move beside its data. */
  readonly move?: { readonly ports?: readonly number[] } & Readonly<Record<string, unknown>>
  /** No files and no services beside it. */
  readonly alone?: boolean
  /** Where lifeboat.yaml and the state go; default: in the world's own memory. */
  readonly folder?: string
}

/** A scene in which web-1 moves with this database, which runs on the source alone. */
export async function databaseScene({ data, secrets = {}, prepare = 'true', start, move = {}, alone = false, folder }: DatabaseSpec): Promise<Scene> {
  const files = { kind: 'files', path: '/srv/shop' }
  const { ports = [] } = move
  // A port that nobody serves would hold up the release.
  const whole = alone
    ? { data: [data], ports: ports.filter((port) => port !== 80), services: [], singletons: [], checks: [] }
    : { data: [files, data], ...move }
  const scene = await setScene({ files: 20, names: false, config: { moves: { 'web-1': whole } }, ...(folder === undefined ? {} : { folder }) })
  for (const [name, value] of Object.entries(secrets)) writeFileSync(path.join(scene.folder, 'secrets', name), value, { mode: 0o600 })
  await Promise.all([scene.source('web-1'), scene.target('web-1')].map(async (node) => await node.run(prepare)))
  await scene.source('web-1').run(start)
  return scene
}

export async function databasePair(t: TestContext, spec: DatabaseSpec): Promise<{ readonly source: LabNode; readonly target: LabNode; readonly pair: Pair }> {
  const scene = await databaseScene(spec)
  t.after(async () => await scene.stop())
  const { close, from, to } = await preparedPair(scene, 'web-1')
  t.after(close)
  return { source: scene.source('web-1'), target: scene.target('web-1'), pair: { from, to } }
}
