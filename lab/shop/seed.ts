import path from 'node:path'

/** Lays what the shop has on its volume: some hundred files of all kinds. For `seed` of startNode. */
export function seedShop(kind: 'orders' | 'files', files = 300): (folder: string) => readonly string[] {
  return (folder) => ['python3', path.join(import.meta.dirname, 'seed.py'), kind, folder, String(files)]
}
