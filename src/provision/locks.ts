// The lock of a stack in a file backend: a file that says who made it, without a lease. A killed engine leaves it behind.
import { readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { busy, type Lock } from './failures.ts'
import { backendFolderOf } from './work-folder.ts'

const lockSchema = z.object({ pid: z.number(), username: z.string(), hostname: z.string(), timestamp: z.string() })

export type LockedStack = { readonly backendUrl: string; readonly project: string; readonly stack: string }

/**
 * The locks that dead processes left on a stack: of this host, or of an engine that `isLeft` knows. Fails with
 * provision-busy when any other lock is there. Other backends than files do not show their locks: who wants one meets them (turn.ts).
 */
export async function staleLocks(at: LockedStack, isLeft: (lock: Lock) => boolean = () => false): Promise<readonly Lock[]> {
  const backend = backendFolderOf(at.backendUrl)
  if (backend === null) return []
  const folder = join(backend, '.pulumi', 'locks', 'organization', at.project, at.stack)
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  const locks = (await Promise.all(files.map((name) => readLock(join(folder, name))))).filter((lock) => lock !== null)
  for (const lock of locks) {
    if (!isLeft(lock) && (lock.host !== hostname() || (await isAtWork(lock)))) throw busy(at.stack, [lock])
  }
  return locks
}

async function readLock(path: string): Promise<Lock | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return null
  const { username, hostname: host, pid, timestamp } = lockSchema.parse(JSON.parse(text))
  return { user: username, host, pid, since: timestamp }
}

/** Whether the process that made this lock still runs; a process that is no engine has taken over its number. */
async function isAtWork(lock: Lock): Promise<boolean> {
  const name = await readFile(`/proc/${lock.pid}/comm`, 'utf8').catch(() => null)
  if (name !== null) return name.trim().startsWith('pulumi') && !(await isZombie(lock.pid))
  if (process.platform === 'linux') return false
  try {
    return process.kill(lock.pid, 0)
  } catch {
    return false
  }
}

async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return / Z /.test(stat.slice(stat.lastIndexOf(')')))
}
