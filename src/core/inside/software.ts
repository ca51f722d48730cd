// What runs on the node and by itself: services, timers, jobs, users, containers, sites and their certificates.
import { assignments, given, wholeNumber, type Section } from './answer.ts'
import type { Inside } from './schema.ts'

type Rows<Key extends keyof Inside> = NonNullable<Inside[Key]>

/** With systemd all of it; else the names in /etc/init.d, whose state is unknown. */
export function readServices(section: Section): Rows<'services'> {
  const units = blocksOf(section.rows('service')).map(({ keys }) => ({
    unit: keys.get('Id') ?? '',
    state: given(keys.get('ActiveState')),
    substate: given(keys.get('SubState')),
    enabled: given(keys.get('UnitFileState')),
    file: given(keys.get('FragmentPath')),
  }))
  const scripts = section.rows('init').map((name) => ({ unit: name, state: null, substate: null, enabled: null, file: `/etc/init.d/${name}` }))
  // A unit that others only mention has no file.
  return [...units.filter(({ unit, file }) => unit !== '' && file !== null), ...scripts]
}

export function readTimers(section: Section): Rows<'timers'> {
  // A timer that starts by several rules has a line for each; its unit stands in none of them.
  return blocksOf(section.rows('timer')).flatMap(({ keys, rows }) => {
    const unit = keys.get('Id')
    const rules = rows.flatMap((row) => /^Timers\w+=\{ (\w+=[^;]*?) ;/.exec(row)?.[1] ?? [])
    return unit === undefined
      ? []
      : [{ unit, starts: given(keys.get('Unit')), state: given(keys.get('ActiveState')), when: given(rules.join(', ')), file: given(keys.get('FragmentPath')) }]
  })
}

/** `systemctl show` puts an empty line between units. */
function blocksOf(rows: readonly string[]) {
  const ends = rows.flatMap((row, index) => (row === '' ? [index] : []))
  const blocks = [-1, ...ends].map((end, index) => rows.slice(end + 1, ends[index] ?? rows.length))
  return blocks.map((block) => ({ keys: assignments(block), rows: block }))
}

export function readJobs(section: Section): Rows<'jobs'> {
  const jobs = section.rows('job').map((row) => {
    const [when = '', user = '', program = '', file = ''] = row.split('\t')
    return { when, user, program, file }
  })
  const scripts = section.rows('script').map((file) => ({ when: /cron[.](\w+)/.exec(file)?.[1] ?? '', user: 'root', program: file, file }))
  const packaged = section.rows('packages').length === 0 ? null : new Set(section.rows('packaged'))
  return [...jobs, ...scripts].map((job) => ({ ...job, packaged: packaged?.has(job.file) ?? null }))
}

export function readUsers(section: Section): Rows<'users'> {
  return section.rows('user').flatMap((row) => {
    const [name = '', number, home = '', shell = ''] = row.split('\t')
    const id = wholeNumber(number)
    return id === null ? [] : [{ name, id, home, shell }]
  })
}

export function readContainers(section: Section): Rows<'containers'> {
  return ['docker', 'podman'].flatMap((engine) =>
    section.rows(engine).map((row) => {
      const [id = '', image = '', status = '', ports = '', name = ''] = row.split('\t')
      return { engine, id, image, status, ports, name }
    }),
  )
}

export function readCertificates(section: Section): Rows<'certificates'> {
  const ofFile = (word: string, file: string): string[] =>
    section.rows(word).flatMap((row) => (row.startsWith(`${file}\t`) ? [row.slice(file.length + 1)] : []))
  return section.rows('expiry').map((row) => {
    const [file = '', until = ''] = row.split('\t')
    const [subject] = ofFile('subject', file)
    return {
      file,
      subject: given(subject?.replace(/^subject=\s*/, '')),
      names: ofFile('name', file),
      expires: momentOf(until),
    }
  })
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov  6 15:22:26 2027 GMT`, as openssl writes it. */
function momentOf(text: string): string | null {
  const [, month = '', day = '', time, year] = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4}) GMT$/.exec(text.trim()) ?? []
  const number = months.indexOf(month) + 1
  return number === 0 ? null : `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}T${time}Z`
}

/** `FILE:DIRECTIVE NAME…`, as it stands in nginx and Apache; Apache takes it in any case, in quotes, and with a scheme and a port. */
export function readVirtualHosts(section: Section): Rows<'virtualHosts'> {
  return section.rows('host').flatMap((row) => {
    const [, file, names = ''] = /^(\/.*?):\s*(?:server_name|ServerName|ServerAlias)\s+([^;#]*)/i.exec(row) ?? []
    const bare = names.split(/\s+/).map((name) => name.replaceAll(/^["']|["']$/g, '').replaceAll(/^\w+:\/\/|:\d+$/g, ''))
    const real = bare.filter((name) => name !== '' && name !== '_')
    return file === undefined ? [] : real.map((name) => ({ name, file }))
  })
}
