// lifeboat schema: needs no configuration and no controller.
import { kinds } from '../adapters.ts'
import { jsonSchema } from '../config/schema.ts'
import { answer, type GlobalOptions } from './output.ts'

export async function schema(_options: GlobalOptions): Promise<number> {
  answer(JSON.stringify(jsonSchema(kinds), null, 2))
  return 0
}
