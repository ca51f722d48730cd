// One writer for a log: a lock of the kernel on a file, free at once when its holder is killed.
import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LifeboatError } from '../../core/errors.ts'

/** Takes the lock or fails with controller-busy, naming who holds it. */
export function takeLogLock(folder: string): () => void {
  const holder = path.join(folder, 'holder')
  // SQLite is the one door to such locks that needs no native addon.
  const database = new DatabaseSync(path.join(folder, 'lock'), { timeout: 0 })
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (cause) {
    database.close()
    throw new LifeboatError('controller-busy', `The evidence in ${folder} is written by ${readHolder(holder)}.`, { cause })
  }
  writeFileSync(holder, `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 })
  return () => database.close()
}

function readHolder(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'another process'
  }
}
