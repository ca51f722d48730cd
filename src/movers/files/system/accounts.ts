// Users and groups of two systems: pure. The formats are those of passwd(5), group(5), shadow(5) and gshadow(5); in all
// four the first field is the name. Lines that the receiving side has stay as they are, but for members of its groups.

export type Accounts = { readonly passwd: string; readonly group: string; readonly shadow: string; readonly gshadow: string }
export const accountFiles = ['passwd', 'group', 'shadow', 'gshadow'] as const satisfies readonly (keyof Accounts)[]

/** Numbers of the source -> numbers of the target, of names that both have; without those that are the same. */
export type Owners = { readonly users: Numbers; readonly groups: Numbers }
export type Numbers = ReadonlyMap<number, number>
export const sameNumbers: Owners = { users: new Map(), groups: new Map() }

type Line = readonly string[]

/** By name. Of several names of one number the first counts. */
export function ownersOf(source: Accounts, target: Accounts): Owners {
  const between = (file: 'passwd' | 'group'): Numbers => {
    const there = byName(target[file])
    const numbers = new Map<number, number>()
    for (const line of linesOf(source[file])) {
      const other = there.get(nameOf(line))
      if (isNumbered(line) && other !== undefined && isNumbered(other) && !numbers.has(numberOf(line))) numbers.set(numberOf(line), numberOf(other))
    }
    return new Map([...numbers].filter(([from, to]) => from !== to))
  }
  return { users: between('passwd'), groups: between('group') }
}

/** Names and homes of people that only `there` has. */
export function homesOnlyThere(here: Accounts, there: Accounts): readonly (readonly [string, string])[] {
  const known = byName(here.passwd)
  const isPerson = (line: Line): boolean => isNumbered(line) && numberOf(line) >= 1000 && numberOf(line) < 60_000
  return linesOf(there.passwd).flatMap((line) => (isPerson(line) && !known.has(nameOf(line)) ? [[nameOf(line), line[5] ?? ''] as const] : []))
}

/** The receiving side's files with the accounts that only the giving one has, but for those in `leftOut`; a number that is taken there is given up for a free one. */
export function withAccountsOf(giving: Accounts, receiving: Accounts, leftOut: ReadonlySet<string>): Accounts {
  const groups = added(giving.group, receiving.group, leftOut)
  const users = added(giving.passwd, receiving.passwd, leftOut)
  const numberOfGroup = (number: string): string => String(groups.numbers.get(Number(number)) ?? number)
  const passwd = users.lines.map(([name = '', password = '', uid = '', gid = '', ...rest]) => [name, password, uid, numberOfGroup(gid), ...rest])
  const all = appended(receiving.passwd, textOf(passwd))
  const isThere = byName(all)
  const wanted = new Map(linesOf(giving.group).map((line) => [nameOf(line), membersOf(line).filter((name) => isThere.has(name) && !leftOut.has(name))]))
  const secrets = (file: 'shadow' | 'gshadow', names: ReadonlySet<string>): string => {
    const known = byName(receiving[file])
    return textOf(linesOf(giving[file]).filter((line) => names.has(nameOf(line)) && !known.has(nameOf(line))))
  }
  return {
    passwd: all,
    group: withMembers(appended(receiving.group, textOf(groups.lines)), wanted),
    shadow: appended(receiving.shadow, secrets('shadow', new Set(users.lines.map(nameOf)))),
    gshadow: withMembers(appended(receiving.gshadow, secrets('gshadow', new Set(groups.lines.map(nameOf)))), wanted),
  }
}

/** An editor may have left the last line without its end. */
function appended(text: string, more: string): string {
  return (more === '' || text === '' || text.endsWith('\n') ? text : `${text}\n`) + more
}

/** Lines that only `giving` has, with numbers that are free in `receiving`, and every number of `giving` by its name there. */
function added(giving: string, receiving: string, leftOut: ReadonlySet<string>): { readonly lines: readonly Line[]; readonly numbers: Numbers } {
  const there = byName(receiving)
  const taken = new Set([...there.values()].filter(isNumbered).map(numberOf))
  const given = linesOf(giving).filter(isNumbered)
  const all = new Set(given.map(numberOf))
  const numbers = new Map<number, number>()
  const note = (from: number, to: number): void => void (numbers.has(from) || numbers.set(from, to))
  for (const line of given) {
    const other = there.get(nameOf(line))
    if (other !== undefined && isNumbered(other)) note(numberOf(line), numberOf(other))
  }
  const lines = given
    .filter((line) => !there.has(nameOf(line)) && !leftOut.has(nameOf(line)))
    .map((line) => {
      const [name = '', password = '', , ...rest] = line
      const was = numberOf(line)
      // A further name of a number goes with the first one.
      const number = numbers.get(was) ?? (taken.has(was) ? freeNumber(was, (each) => taken.has(each) || all.has(each)) : was)
      note(was, number)
      taken.add(number)
      return [name, password, String(number), ...rest]
    })
  return { lines, numbers }
}

/** People have numbers from 1000 up, what belongs to the system below, from the top (login.defs(5)). */
function freeNumber(was: number, isTaken: (number: number) => boolean): number {
  if (was < 1000) for (let number = 999; number >= 100; number--) if (!isTaken(number)) return number
  for (let number = 1000; ; number++) if (number !== 65_534 && number !== 65_535 && !isTaken(number)) return number
}

/** Members stand in the last of four fields in both files of groups. */
function withMembers(text: string, wanted: ReadonlyMap<string, readonly string[]>): string {
  return text.replaceAll(/^[^:\n]+:.*$/gm, (line) => {
    const fields = line.split(':')
    const has = membersOf(fields)
    const more = (wanted.get(nameOf(fields)) ?? []).filter((name) => !has.includes(name))
    return fields.length !== 4 || more.length === 0 ? line : [...fields.slice(0, 3), [...has, ...more].join(',')].join(':')
  })
}

/** Lines with a name; not those of NIS, which begin with a sign. */
export function linesOf(text: string): readonly Line[] {
  return text.split('\n').flatMap((line) => (/^[^:+\-#\s]/.test(line) && line.includes(':') ? [line.split(':')] : []))
}

function byName(text: string): ReadonlyMap<string, Line> {
  return new Map(
    linesOf(text)
      .toReversed()
      .map((line) => [nameOf(line), line]),
  )
}

function isNumbered(line: Line): boolean {
  return /^\d+$/.test(line[2] ?? '')
}

function numberOf(line: Line): number {
  return Number(line[2])
}

export function nameOf(line: Line): string {
  return line[0] ?? ''
}

function membersOf(line: Line): readonly string[] {
  return (line[3] ?? '').split(',').filter(Boolean)
}

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => `${line.join(':')}\n`).join('')
}
