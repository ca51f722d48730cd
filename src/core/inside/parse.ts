// The answer of a node (nodes/inside) -> what it looks like from inside. Takes any bytes: what is missing, cut off or
// odd is listed in `unseen` with why.
import { readAnswer, type Section } from './answer.ts'
import { readDatabases } from './databases.ts'
import { readCpu, readDns, readLiterals, readMemory, readSystem, readTime, readVersions } from './machine.ts'
import type { Inside } from './schema.ts'
import { readConnections, readListeners } from './sockets.ts'
import { readCertificates, readContainers, readJobs, readServices, readTimers, readUsers, readVirtualHosts } from './software.ts'
import { readMounts } from './storage.ts'

export function parseInside(text: string, takenAt: string): Inside {
  const answer = readAnswer(text)
  const unseen: Inside['unseen'] = []
  const told = new Set<string>()
  for (const [name, section] of answer) {
    if (section.end === 'late') unseen.push({ what: name, why: 'it took longer than its time limit; what came until then is shown' })
    if (section.end === 'cut') unseen.push({ what: name, why: 'the answer ended in the middle of it' })
    for (const row of section.rows('unseen')) {
      const [what = '', ...why] = row.split('\t')
      unseen.push({ what, why: why.join('\t') })
      told.add(what)
    }
  }
  /** `word`: of the line without which the section says nothing; null where an empty section is an answer. */
  const seen = <T>(what: string, name: string, word: string | null, read: (section: Section) => T | null): T | null => {
    const section = answer.get(name)
    const isAbsent = section === undefined || told.has(what) || (word !== null && section.rows(word).length === 0)
    const found = isAbsent ? null : read(section)
    // Nothing, where a part of it could not be seen, is not known to be nothing.
    const isHalf = Array.isArray(found) && found.length === 0 && [...told].some((each) => each.startsWith(`${what}.`))
    const result = isHalf ? null : found
    if (result === null && !unseen.some((each) => each.what === what || each.what === name || each.what.startsWith(`${what}.`)))
      unseen.push({ what, why: section === undefined ? 'the answer ended before it' : 'nothing came that could be read' })
    return result
  }
  const storage = { usage: answer.get('usage'), changes: answer.get('changes'), before: answer.get('writes-before'), after: answer.get('writes-after') }
  const parts = {
    system: seen('system', 'system', 'kernel', readSystem),
    cpu: seen('cpu', 'hardware', 'cpus', readCpu),
    memory: seen('memory', 'hardware', 'memory', readMemory),
    mounts: seen('mounts', 'mounts', 'mount', (mounts) => readMounts({ mounts, ...storage })),
    listeners: seen('listeners', 'sockets', 'socket', readListeners),
    connections: seen('connections', 'sockets', 'socket', readConnections),
    services: seen('services', 'services', null, readServices),
    timers: seen('timers', 'services', 'systemd', readTimers),
    jobs: seen('jobs', 'cron', null, readJobs),
    users: seen('users', 'users', null, readUsers),
    databases: seen('databases', 'databases', null, readDatabases),
    containers: seen('containers', 'containers', null, readContainers),
    certificates: seen('certificates', 'web', null, readCertificates),
    virtualHosts: seen('virtualHosts', 'web', null, readVirtualHosts),
    time: seen('time', 'surroundings', 'clock', readTime),
    dns: seen('dns', 'surroundings', null, readDns),
    literals: seen('literals', 'literals', null, readLiterals),
    versions: seen('versions', 'surroundings', 'version', readVersions),
  }
  const ownerless = (parts.listeners ?? []).filter(({ program }) => program === null).length
  if (ownerless > 0 && !told.has('sockets.process'))
    unseen.push({ what: 'sockets.process', why: `listeners of the kernel or of a container, whose process was not found: ${ownerless}` })
  return { schema: 'lifeboat.inside/1', takenAt, ...parts, unseen }
}
