// Exit 0 when node_modules holds exactly the versions of package-lock.json (packages for other platforms may be absent).
import { readFileSync } from 'node:fs'

const read = (file) => JSON.parse(readFileSync(file, 'utf8')).packages
let wanted, present
try {
  wanted = read('package-lock.json')
  present = read('node_modules/.package-lock.json')
} catch {
  process.exit(1)
}
const wrong = Object.entries(wanted)
  .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.optional && !entry.devOptional)
  .filter(([path, entry]) => present[path]?.version !== entry.version || present[path]?.integrity !== entry.integrity)
  .map(([path]) => path)
const foreign = Object.keys(present).filter((path) => !(path in wanted))
if (wrong.length + foreign.length > 0) {
  console.error('not as in package-lock.json:', [...wrong, ...foreign].slice(0, 10).join(' '))
  process.exit(1)
}
