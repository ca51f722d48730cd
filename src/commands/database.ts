// lifeboat database move URL: from the embedded database into one that workers share.
import { homedir } from 'node:os'
import { kinds } from '../adapters.ts'
import { findConfig } from '../config/find.ts'
import { readConfig } from '../config/load.ts'
import { isReference, resolveReferences } from '../config/references.ts'
import { LifeboatError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { counted } from '../core/units.ts'
import { answer, say, type GlobalOptions } from './output.ts'
import { onInterrupt } from './interrupt.ts'
import { databaseAt } from './session.ts'

export async function moveDatabase(options: GlobalOptions, url: string): Promise<number> {
  const { signal } = onInterrupt()
  const { document, baseFolder } = await readConfig(await findConfig(process.cwd(), options.config), kinds)
  const database = databaseAt(await urlOf(url, baseFolder, signal), { baseFolder, home: homedir() })
  const { moveDatabase: move } = await import('../controller/move-database.ts')
  const { label, ...moved } = await move(options.state ?? document.state, database, signal)
  if (options.json === true) answer(JSON.stringify({ schema: 'lifeboat.database/1', database: label, ...moved }))
  else answer(`${counted(moved.moves, 'move')} went to ${label}: ${counted(moved.rows, 'row')} in ${counted(moved.tables, 'table')}, compared.`)
  if (document.database === undefined) say(options, 'Put `database:` into lifeboat.yaml, then go on with `lifeboat status`.')
  return 0
}

/** A reference, or a URL without a password: everybody on this machine can read arguments. */
async function urlOf(text: string, baseFolder: string, signal: AbortSignal): Promise<Secret> {
  if (isReference(text)) {
    const values = await resolveReferences([{ reference: text, path: 'the argument', line: 0 }], { baseFolder, home: homedir(), env: process.env, signal })
    return values.get(text) ?? new Secret('')
  }
  if (URL.canParse(text) && new URL(text).password !== '')
    throw new LifeboatError('literal-secret', 'A URL with a password must not stand among the arguments, which everybody here can read.')
  return new Secret(text)
}
