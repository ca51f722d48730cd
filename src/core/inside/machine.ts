// The machine itself and what surrounds it: system, processor, memory, clock, names, versions of what a move uses.
import { assignments, given, wholeNumber, type Section } from './answer.ts'
import type { Inside } from './schema.ts'
import { uptimeOf } from './storage.ts'

export function readSystem(section: Section): Inside['system'] {
  const release = assignments(section.rows('os'))
  const first = (word: string) => given(section.rows(word)[0])
  const uptime = uptimeOf(section)
  return {
    hostname: first('host'),
    name: given(release.get('PRETTY_NAME')) ?? first('release'),
    id: given(release.get('ID')),
    version: given(release.get('VERSION_ID')),
    kernel: first('kernel'),
    machine: first('machine'),
    uptimeSeconds: Number.isFinite(uptime) ? uptime : null,
    user: first('user'),
  }
}

export function readCpu(section: Section): Inside['cpu'] {
  const count = wholeNumber(section.rows('cpus')[0]) || null
  const load15 = /^\S+ \S+ (\d{1,6}\.\d+) /.exec(section.rows('load')[0] ?? '')?.[1]
  return {
    count,
    model: given(section.rows('model')[0]),
    flags: [...section.rows('flag')].sort(),
    busy: busyOf(section.rows('ticks')[0] ?? '', count),
    load15: load15 === undefined ? null : Number(load15),
  }
}

/**
 * From `user nice system idle iowait irq softirq steal …` of proc(5), counted since the start. Stolen time is time that
 * the machine wanted; what comes after it is counted in the first two already.
 */
function busyOf(row: string, count: number | null): number | null {
  const ticks = row.trim().split(/\s+/).slice(0, 8).map(wholeNumber)
  const total = ticks.reduce<number>((sum, one) => sum + (one ?? 0), 0)
  if (count === null || ticks.length < 5 || ticks.includes(null) || total === 0) return null
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0)
  return Math.round(((total - idle) / total) * count * 100) / 100
}

/** Null when the sum is missing. Kernels before 3.14 do not tell what is available. */
export function readMemory(section: Section): Inside['memory'] {
  const kib = new Map(
    section.rows('memory').map((row): [string, number] => {
      const [, key = '', value] = /^(\w+):\s*(\d{1,15}) kB$/.exec(row) ?? []
      return [key, Number(value)]
    }),
  )
  const total = kib.get('MemTotal')
  if (total === undefined) return null
  const of = (key: string): number => kib.get(key) ?? 0
  const available = kib.get('MemAvailable') ?? of('MemFree') + of('Buffers') + of('Cached')
  const mib = (value: number): number => Math.max(0, Math.round(value / 1024))
  return { totalMiB: mib(total), usedMiB: mib(total - available), swapMiB: mib(of('SwapTotal')), swapUsedMiB: mib(of('SwapTotal') - of('SwapFree')) }
}

export function readTime(section: Section): Inside['time'] {
  const keeper = given(section.rows('timekeeper').join(', '))
  return {
    epochSeconds: wholeNumber(section.rows('clock')[0]),
    zone: given(section.rows('zone')[0]),
    keeper,
    // Only systemd leaves word of it that can be read without asking a daemon.
    synchronized: section.rows('synchronized')[0] === 'yes' ? true : keeper === 'systemd-timesyn' ? false : null,
  }
}

export function readDns(section: Section): Inside['dns'] {
  const words = section.rows('resolver').map((row) => row.trim().split(/\s+/))
  const of = (...keys: string[]): string[] => words.filter(([key = '']) => keys.includes(key)).flatMap((row) => row.slice(1))
  return { nameservers: of('nameserver'), search: of('search', 'domain'), options: of('options'), hosts: [...section.rows('hosts')] }
}

/** `FILE:ADDRESS`, as grep finds it; what only looks like an address is left to whoever compares. */
export function readLiterals(section: Section): Inside['literals'] {
  return section.rows('literal').flatMap((row) => {
    const [, file, address] = /^(\/.*?):([0-9a-fA-F.:]+)$/.exec(row) ?? []
    return file === undefined || address === undefined ? [] : [{ address: address.toLowerCase(), file }]
  })
}

/** The number in what a program says of itself; all of it where there is none. */
export function readVersions(section: Section): Inside['versions'] {
  const rows = section.rows('version').map((row) => row.split('\t'))
  return Object.fromEntries(rows.map(([program = '', text = '']) => [program, (/\d+(?:\.\d+)+/.exec(text.replace(/\([^)]*\)/, '')) ?? [text])[0]]))
}
