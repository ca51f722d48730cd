// Both sides compared: the schema by its names, which both versions tell alike, and the rows of tables by number and digest.
import { LifeboatError } from '../../../core/errors.ts'
import { look } from '../../act.ts'
import type { Difference, Pair, Side } from '../../mover.ts'
import { lastLine } from '../cluster.ts'
import { logicalPlaces, type Both } from './both.ts'
import { feed, mark, over } from './scripts.ts'

/** Rows of so many bytes of tables of a database are compared in the freeze, small tables first. */
const comparedBytes = 64 * 1024 * 1024
const compareMs = 60_000

const people = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'"
const ofExtension = (catalog: string, oid: string) =>
  `exists (select from pg_depend where classid = '${catalog}'::regclass and objid = ${oid} and deptype = 'e')`

/** One line for each thing of the schema of a database, with what both versions say of it alike. Contents of extensions are their packages' business. */
function schemaLines(role: string): string {
  const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace where ${people} and not ${ofExtension('pg_class', 'c.oid')}`
  return `select format('relation %I.%I is %s', n.nspname, c.relname, c.relkind) from ${relations}
    union all select format('column %I.%I.%I is %s%s %s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end, a.attidentity, a.attgenerated)
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where ${people} and a.attnum > 0 and not a.attisdropped and not ${ofExtension('pg_class', 'c.oid')}
    union all select format('constraint %I of %s', o.conname, o.conrelid::regclass) from pg_constraint o join pg_namespace n on n.oid = o.connamespace where ${people} and o.contype <> 'n'
    union all select format('trigger %I of %s is %s', tgname, tgrelid::regclass, tgenabled) from pg_trigger where not tgisinternal
    union all select format('policy %I of %s', polname, polrelid::regclass) from pg_policy
    union all select format('function %I.%I(%s) is %s', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc))
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${people} and not ${ofExtension('pg_proc', 'p.oid')}
    union all select format('value %L of %s', enumlabel, enumtypid::regtype) from pg_enum
    union all select format('extension %I', extname) from pg_extension
    union all select format('role %I may %s%s%s%s, its password is %s', rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, md5(coalesce(rolpassword, '')))
      from pg_authid where rolname !~ '^pg_' and rolname <> '${role}' and current_database() = 'postgres'
    union all select format('role %I is a member of %I', m.rolname, r.rolname) from pg_auth_members join pg_authid m on m.oid = member join pg_authid r on r.oid = roleid
      where m.rolname !~ '^pg_' and current_database() = 'postgres'`
}

/** Fails with gate-closed when the schema of one side is not that of the other one, and names the first thing. */
export async function refuseChangedSchema(both: Both, pair: Pair, signal: AbortSignal): Promise<void> {
  const lines = schemaLines(logicalPlaces(both, pair.from).role)
  const digest = `select current_database(), md5(string_agg(l, E'\\n' order by l collate "C")) from (${lines}) s (l)`
  const [mine, theirs] = await onBoth(both, pair, (side) => over(both, side, digest), signal)
  if (mine === theirs) return
  const [here, there] = await onBoth(both, pair, (side) => over(both, side, `select current_database() || ': ' || l from (${lines}) s (l)`), signal)
  const known = { here: new Set(here.split('\n')), there: new Set(there.split('\n')) }
  const [only] = [...known.here].filter((line) => !known.there.has(line))
  const [lost] = [...known.there].filter((line) => !known.here.has(line))
  const first = only === undefined ? `${pair.to.address} alone has ${lost ?? 'something'}` : `${pair.from.address} alone has ${only}`
  throw new LifeboatError(
    'gate-closed',
    `The schema was changed since it was copied, which logical replication does not carry (${first}). Make the same change on the other side as its superuser, or give the move up and begin anew.`,
  )
}

/** What both sides are asked in the freeze, made before it: a statement for each table, and how many tables are left out for their size. */
export async function questions(both: Both, side: Side, signal: AbortSignal): Promise<{ readonly sql: string; readonly leftOut: number }> {
  const sql = `select format('select %L, %L, count(*), coalesce(sum((''x'' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0) from only %I.%I t;', current_database(), format('%I.%I', nspname, relname), nspname, relname),
      total <= ${comparedBytes}
    from (select n.nspname, c.relname, sum(pg_relation_size(c.oid)) over (order by pg_relation_size(c.oid), c.oid) total
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${people} and c.relkind = 'r' and c.relpersistence = 'p') t order by total`
  const where = `select format('\\connect "dbname=''%s''"', current_database()), true`
  const { stdout, exitCode, stderr } = await look(side, over(both, side, `${where} union all (${sql})`), { signal, deadlineMs: compareMs })
  if (exitCode !== 0) throw failed(side, stderr)
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
  const asked = rows.flatMap(([statement = '', isSmall]) => (isSmall === 't' ? [statement] : []))
  return { sql: [`select '${mark.begin}';`, ...asked, `select '${mark.end}';`, ''].join('\n'), leftOut: rows.length - asked.length }
}

/** Tables whose rows differ. */
export async function differentRows(both: Both, pair: Pair, sql: string, signal: AbortSignal): Promise<readonly Difference[]> {
  const answers = await onBoth(both, pair, (side) => feed(both, side), signal, sql)
  const [here, there] = answers.map((text) => new Map(whole(text).map((line) => [line.split('\t').slice(0, 2).join(': '), line.split('\t').slice(2)] as const)))
  return [...(here ?? [])].flatMap(([path, [count = '', digest]]) => {
    const [otherCount = 'no', otherDigest] = there?.get(path) ?? []
    if (count === otherCount && digest === otherDigest) return []
    return [{ path, what: count === otherCount ? `has other rows on ${pair.to.address}` : `has ${count} rows, and ${otherCount} on ${pair.to.address}` }]
  })
}

/** The lines between both marks. Fails with gate-closed: an answer was longer than a helper gives. */
export function whole(text: string): readonly string[] {
  const lines = text.trim().split('\n')
  if (lines[0] !== mark.begin || lines.at(-1) !== mark.end)
    throw new LifeboatError('gate-closed', 'There are more tables or sequences than fit into one answer (256 KiB).')
  return lines.slice(1, -1)
}

async function onBoth(
  both: Both,
  { from, to }: Pair,
  words: (side: Side) => readonly string[],
  signal: AbortSignal,
  input?: string,
): Promise<readonly [string, string]> {
  const ask = async (side: Side) => {
    const { exitCode, stdout, stderr } = await look(side, words(side), { signal, deadlineMs: compareMs, ...(input === undefined ? {} : { input }) })
    if (exitCode !== 0) throw failed(side, stderr)
    return stdout
  }
  return await Promise.all([ask(from), ask(to)])
}

function failed(side: Side, stderr: string): LifeboatError {
  return new LifeboatError('node-failed', `PostgreSQL on ${side.address} does not answer: ${lastLine(stderr)}`)
}
