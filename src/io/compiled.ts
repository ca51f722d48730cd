// What node has compiled is kept: the next command, or controller, begins in a fraction of the time.
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'

/** Of what is imported from now on. A folder of the user alone: whoever can write into it decides what runs. Without one all works, more slowly. */
export function keepCompiled(): void {
  try {
    enableCompileCache(path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'lifeboat', 'compiled'))
  } catch {
    // A user without a home.
  }
}
