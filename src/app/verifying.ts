// Compares the journal with its own hash chains and with the last report that was written of each move.
import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { byCodeUnit } from '../core/canonical.ts'
import { chainOf, type Citation } from '../core/chain.ts'
import { LifeboatError } from '../core/errors.ts'
import { citingSchema, type Citing, type Verification, type VerifiedMove } from '../core/verification.ts'
import type { Journal } from '../workflows/journal.ts'
import type { Store } from '../workflows/store.ts'

type Report = { readonly file: string; readonly citing: Citing }

/** `move` null: all. `against` null: the last report of each move in the folder; else that file alone, which somebody kept. */
export async function verifyJournal(
  parts: { readonly store: Store; readonly journal: Journal; readonly reports: string },
  move: string | null,
  against: string | null,
): Promise<Verification> {
  // Reports first: what is written meanwhile is in the journal and in none of them.
  const reports = against === null ? await reportsIn(parts.reports) : [await reportKept(against)]
  const names = new Set([
    ...(await parts.store.moves()).map(({ name }) => name),
    ...reports.flatMap(({ citing }) => citing.journal.heads.map((head) => head.move)),
  ])
  const wanted = [...names].filter((name) => move === null || name === move).toSorted(byCodeUnit)
  if (wanted.length === 0) throw new LifeboatError('move-unknown', 'No such move was ever started.')
  const moves: VerifiedMove[] = []
  for (const name of wanted) moves.push(await verifyMove(parts.journal, name, reports))
  return { schema: 'lifeboat.verification/1', whole: moves.every(({ whole }) => whole), moves }
}

async function verifyMove(journal: Journal, move: string, reports: readonly Report[]): Promise<VerifiedMove> {
  const report = reports.find(({ citing }) => citing.journal.heads.some((head) => head.move === move))
  const records = await journal.after(0, { move, limit: 1_000_000 })
  const chain = chainOf(records, sha256, report === undefined ? [] : citedOf(move, report.citing))
  return { move, ...chain, whole: chain.broken === null, report: report === undefined ? null : basename(report.file) }
}

function citedOf(move: string, { journal: { heads, records } }: Citing): Citation[] {
  return [...heads, ...records].flatMap((each) => (each.move === move && each.hash !== null ? [{ seq: each.seq, hash: each.hash }] : []))
}

/** Newest first. What is no report with hashes, or cannot be read, is passed over. */
async function reportsIn(folder: string): Promise<Report[]> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
  const dated = await Promise.all(files.map(async (file) => ({ file, at: (await stat(file).catch(() => null))?.mtimeMs ?? 0 })))
  const reports: Report[] = []
  for (const { file } of dated.toSorted((one, other) => other.at - one.at)) {
    const citing = parsed(await readFile(file, 'utf8').catch(() => ''))
    if (citing !== null) reports.push({ file, citing })
  }
  return reports
}

/** Fails with usage when it is no report with hashes. */
async function reportKept(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LifeboatError('usage', `${file} cannot be read.`, { cause })
  })
  const citing = parsed(text)
  if (citing === null) throw new LifeboatError('usage', `${file} is no report in JSON that has hashes of the journal.`)
  return { file, citing }
}

function parsed(text: string): Citing | null {
  try {
    return citingSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
