// lifeboat init [--from PROVIDER]: a commented lifeboat.yaml to begin with, or a draft of moves from what is there.
import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { kinds, providerOf } from '../adapters.ts'
import { findConfig } from '../config/find.ts'
import { jsonSchema, type Config } from '../config/schema.ts'
import { withMoves } from '../config/write-moves.ts'
import { draftMoves, type DraftRequest, type Drafts } from '../core/draft-moves.ts'
import { LifeboatError } from '../core/errors.ts'
import { inventorySchema } from '../core/node.ts'
import { counted } from '../core/units.ts'
import { confirm } from '../ui/prompts.ts'
import { answer, patiently, say, type GlobalOptions } from './output.ts'
import { inSession } from './session.ts'

type InitOptions = GlobalOptions & { readonly from?: string }

const template = new URL(import.meta.filename.endsWith('.ts') ? '../../templates/lifeboat.yaml' : '../../../templates/lifeboat.yaml', import.meta.url)

export async function init(options: InitOptions): Promise<number> {
  return options.from === undefined ? await begin(options) : await draft(options, options.from)
}

/** Writes a file that holds one of everything; what is there already is never overwritten. */
async function begin(options: InitOptions): Promise<number> {
  const file = path.resolve(options.config ?? 'lifeboat.yaml')
  if (existsSync(file)) throw new LifeboatError('usage', `${file} is there already. \`lifeboat init --from PROVIDER\` adds moves to it.`)
  const schema = path.join(path.dirname(file), 'lifeboat.schema.json')
  await writeFile(schema, `${JSON.stringify(jsonSchema(kinds), null, 1)}\n`)
  await writeFile(file, await readFile(template), { flag: 'wx' })
  answer(options.json === true ? JSON.stringify({ schema: 'lifeboat.init/1', file, moves: [], leftOut: [] }) : `Written: ${file}`)
  say(options, 'Say in it where your machines are and where they could go; then: lifeboat inventory')
  return 0
}

async function draft(options: InitOptions, provider: string): Promise<number> {
  const file = await findConfig(process.cwd(), options.config)
  return await inSession(options, 'all', async ({ draft: { document }, client, context, signal }) => {
    const asked = client.post('/api/v1/inventory', { context, provider, inside: true }, signal)
    const [inventory] = z.array(inventorySchema).parse(await patiently(options, provider, asked))
    if (inventory === undefined) throw new LifeboatError('defect', `There is no inventory of ${provider}.`)
    const found = draftMoves({ inventory, ...surroundingsOf(document, provider) })
    if (found.drafts.length > 0) {
      const message = `Write ${counted(found.drafts.length, 'move')} into ${file}?`
      if (options.yes !== true && !(await confirm({ message, flag: '--yes', signal }))) throw new LifeboatError('not-now', 'Nothing was written.')
      await replace(file, withMoves(await readFile(file, 'utf8'), found.drafts))
    }
    tell(options, file, found)
    return 0
  })
}

/** What of the configuration a draft depends on. */
function surroundingsOf(config: Config, from: string): Omit<DraftRequest, 'inventory'> {
  const targets = Object.entries(config.providers).filter(([name, { kind }]) => name !== from && providerOf(kind)?.target !== undefined)
  const [target] = targets
  if (target === undefined) throw new LifeboatError('config-invalid', `No provider beside ${from} can take nodes; name one under providers:.`)
  const zones = Object.entries(config.dns).flatMap(([name, { zone }]) => (typeof zone === 'string' ? [[name, zone] as const] : []))
  const moves = Object.entries(config.moves)
  const taken = moves.flatMap(([name, move]) => [name, ...(move.from.provider === from ? [move.from.id, move.from.name] : [])])
  return {
    target: { provider: target[0], makes: target[1].kind !== 'static' },
    zones: new Map(zones),
    taken: new Set(taken.filter((each) => each !== undefined)),
  }
}

/** All of the file or nothing of it. */
async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

function tell(options: InitOptions, file: string, { drafts, leftOut }: Drafts): void {
  const names = drafts.map(({ name }) => name)
  if (options.json === true) return answer(JSON.stringify({ schema: 'lifeboat.init/1', file, moves: names, leftOut }))
  answer(
    names.length === 0
      ? 'No new node could be looked into; nothing was written.'
      : `Written: ${counted(names.length, 'move')} (${names.join(', ')}) in ${file}`,
  )
  for (const { name, why } of leftOut) say(options, `  ${name}: left out. ${why}`)
  if (names.length > 0) say(options, 'Every guess has a comment before it. Read them; then: lifeboat plan')
}
