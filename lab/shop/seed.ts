import path from 'node:path'
import { run } from '../command.ts'

/** Lays what the shop has on its volume: some hundred files of all kinds. For `seed` of startNode. */
export function seedShop(kind: 'orders' | 'files', files = 300): (folder: string) => Promise<void> {
  return async (folder) => {
    await run('python3', [path.join(import.meta.dirname, 'seed.py'), kind, folder, String(files)])
  }
}
