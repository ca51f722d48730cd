// What a MariaDB server says of itself, read: pure. Facts: mariadb.com/kb, GTID, SHOW SLAVE STATUS, mariadb --vertical.
import { LifeboatError } from '../../core/errors.ts'

/** The last transaction of each domain: `0-1-13,7-2-5` is transaction 13 of server 1 in domain 0, and 5 of server 2 in domain 7. */
export type Gtids = ReadonlyMap<number, { readonly server: number; readonly sequence: bigint }>

/** Fails with answer-malformed. */
export function readGtids(text: string): Gtids {
  const parts = text.trim() === '' ? [] : text.trim().split(',')
  return new Map(
    parts.map((part) => {
      const [, domain, server, sequence] = /^(\d+)-(\d+)-(\d+)$/.exec(part.trim()) ?? []
      if (domain === undefined || server === undefined || sequence === undefined)
        throw new LifeboatError('answer-malformed', `MariaDB tells a position that is none: ${text.trim()}.`)
      return [Number(domain), { server: Number(server), sequence: BigInt(sequence) }]
    }),
  )
}

export function sameGtids(one: Gtids, other: Gtids): boolean {
  const isIn = ([domain, last]: readonly [number, { server: number; sequence: bigint }], of: Gtids) =>
    of.get(domain)?.server === last.server && of.get(domain)?.sequence === last.sequence
  return one.size === other.size && [...one].every((each) => isIn(each, other))
}

/** Whether the one has a transaction that the other has not, and so cannot have it from there. */
export function isAhead(one: Gtids, other: Gtids): boolean {
  return [...one].some(([domain, last]) => {
    const there = other.get(domain)
    return there === undefined || last.sequence > there.sequence || (last.sequence === there.sequence && last.server !== there.server)
  })
}

/** Columns in vertical form, of all rows together; null: there was no row. A value may have colons. */
export function readRow(text: string): ReadonlyMap<string, string> | null {
  const fields = text.split('\n').flatMap((line) => {
    const [, name, value] = /^ *(\w+): ?(.*)$/.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name, value] as const]
  })
  return fields.length === 0 ? null : new Map(fields)
}

export type Following = {
  /** host:port of the server that it follows. */
  readonly leader: string
  readonly isRunning: boolean
  /** Where the leader's binary log was read and done to: a file and bytes of it. */
  readonly done: { readonly file: string; readonly at: number }
  readonly behindSeconds: number
  /** Why it stands, in the server's words. */
  readonly error: string
  /** It has something that the leader has not, or lacks what that no longer has: only a new copy helps. */
  readonly hasParted: boolean
}

/** The leader's log lacks what comes next; or a transaction does not fit what is there: out of order, a row that is or is not there. */
const parted = { reading: [1236], doing: [1032, 1062, 1950] }

/** An answer to SHOW SLAVE STATUS; null: it follows nobody. */
export function followingIn(text: string): Following | null {
  const row = readRow(text)
  const host = row?.get('Master_Host')
  if (row === null || host === undefined || host === '') return null
  const number = (name: string): number => Number(row.get(name) ?? 0) || 0
  return {
    leader: `${host}:${row.get('Master_Port') ?? ''}`,
    isRunning: row.get('Slave_IO_Running') === 'Yes' && row.get('Slave_SQL_Running') === 'Yes',
    done: { file: row.get('Relay_Master_Log_File') ?? '', at: number('Exec_Master_Log_Pos') },
    behindSeconds: number('Seconds_Behind_Master'),
    error: [row.get('Last_IO_Error'), row.get('Last_SQL_Error')].filter((words) => words !== undefined && words !== '').join('; '),
    hasParted: parted.reading.includes(number('Last_IO_Errno')) || parted.doing.includes(number('Last_SQL_Errno')),
  }
}

export type Standing = {
  /** It cannot be written, also after a restart. */
  readonly isClosed: boolean
  /** The last transaction that it has, of its own or of a leader. */
  readonly position: string
  readonly follows: Following | null
}

/** What the guard's `look` prints; null: the server does not run. */
export function standingIn(text: string): Standing | null {
  const row = readRow(text)
  const position = row?.get('position')
  if (row === null || position === undefined) return null
  return { isClosed: row.get('stays_closed') === '1' && row.get('is_closed') === '1', position, follows: followingIn(text) }
}

/** Name and value of `show variables`, by a tab. */
export function readVariables(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('\t')
      return at < 1 ? [] : [[line.slice(0, at).toLowerCase(), line.slice(at + 1)] as const]
    }),
  )
}

/** [10, 11] of `10.11.6-MariaDB-0+deb12u1`; null: it is no MariaDB. */
export function mariadbVersion(text: string): readonly [number, number] | null {
  const [, major, minor] = /^(\d+)\.(\d+)\..*mariadb/i.exec(text) ?? []
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor)]
}
