// What pg_controldata prints of a cluster that need not run, in the C locale: `Name:  value`, one a line.
import { LifeboatError } from '../../core/errors.ts'
import { parseLsn } from './lsn.ts'

/** Lines of ours beside those of pg_controldata: what a look finds in the folder. */
export const marks = { isReplica: 'Lifeboat standby.signal', runs: 'Lifeboat postmaster.pid' } as const

export type Control = {
  /** `in production`, `shut down`, `shut down in recovery`, `in archive recovery`, … */
  readonly state: string
  readonly timeline: number
  /** Where the latest checkpoint begins: of a cluster that was shut down, its last record. */
  readonly checkpoint: bigint
  /** Whether pg_rewind may be used: it needs one of both. */
  readonly hasChecksums: boolean
  readonly hasHints: boolean
  /** Whether it would start as a replica, and whether a server has it open. */
  readonly isReplica: boolean
  readonly runs: boolean
}

/** Fails with answer-malformed when a line is missing that every version since 9.4 prints. */
export function parseControl(text: string): Control {
  const lines = new Map(text.split('\n').flatMap((line) => (line.includes(':') ? [[line.slice(0, line.indexOf(':')), valueOf(line)] as const] : [])))
  const get = (name: string): string => {
    const value = lines.get(name)
    if (value === undefined || value === '') throw new LifeboatError('answer-malformed', `pg_controldata tells no "${name}".`)
    return value
  }
  return {
    state: get('Database cluster state'),
    timeline: Number(get("Latest checkpoint's TimeLineID")),
    checkpoint: parseLsn(get('Latest checkpoint location')),
    hasChecksums: get('Data page checksum version') !== '0',
    hasHints: get('wal_log_hints setting') === 'on',
    isReplica: lines.has(marks.isReplica),
    runs: lines.has(marks.runs),
  }
}

function valueOf(line: string): string {
  return line.slice(line.indexOf(':') + 1).trim()
}
