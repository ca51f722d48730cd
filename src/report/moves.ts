// What the journal says about one move besides its steps: names, checks, stragglers, what going back cost.
import type { JournalRecord } from '../core/records.ts'
import { allTold, detail } from './details.ts'
import { approvalsIn, cachesIn, driftIn, sinceBegun } from './evidence.ts'
import type { Figure, Pause, ReportedMove, ReportedRun, ReportInput } from './schema.ts'

type ToldPrice = { readonly price: NonNullable<ReportedMove['rollbacks'][number]['price']>; readonly at: string; readonly seqs: number[] }

export function moveFrom(name: string, records: readonly JournalRecord[], runs: ReportedRun[], pauses: readonly Pause[], input: ReportInput): ReportedMove {
  const planned = input.plan?.moves.find((move) => move.name === name)
  const provisioned = allTold(
    records.filter(({ step }) => step === 'provision-node'),
    'address',
  ).at(-1)
  const address = provisioned?.value ?? planned?.to.address ?? null
  return {
    name,
    from: planned ? { provider: planned.from.provider, name: planned.from.name, address: planned.from.address } : null,
    to: planned ? { provider: planned.to.provider, size: planned.to.size, address, monthlyCost: planned.to.monthlyCost } : null,
    runs,
    copied: copiedIn(records),
    approvals: approvalsIn(records),
    names: namesIn(records),
    caches: cachesIn(records),
    drift: driftIn(records),
    timeToLive: timeToLiveIn(records),
    checks: checksIn(records),
    stragglers: stragglersOf(name, records, input),
    rollbacks: rollbacksOf(name, records, pauses, input),
  }
}

/** Only what a step has finished counts: an effect is claimed once it has been read back. */
function namesIn(records: readonly JournalRecord[]): ReportedMove['names'] {
  return records.flatMap((record) => {
    const [before, after] = [detail(record, 'from'), detail(record, 'to')]
    if (record.state !== 'done' || before === null || after === null) return []
    const tookMs = sinceBegun(record, records)
    return (detail(record, 'names') ?? []).map((name) => ({ name, run: record.run, at: record.at, before, after, tookMs, seqs: [record.seq] }))
  })
}

function timeToLiveIn(records: readonly JournalRecord[]): ReportedMove['timeToLive'] {
  return allTold(
    records.filter(({ state }) => state === 'done' || state === 'undone'),
    'timeToLive',
  ).flatMap(({ value, at, seq }) => value.map(({ name, before, after }) => ({ name, at, beforeSeconds: before, afterSeconds: after, seqs: [seq] })))
}

function copiedIn(records: readonly JournalRecord[]): ReportedMove['copied'] {
  const passes = records.filter(({ state }) => state === 'done')
  const bytes = allTold(passes, 'movedBytes')
  const sum = (told: readonly { readonly value: number }[]) => told.reduce((total, { value }) => total + value, 0)
  return bytes.length === 0 ? null : { bytes: sum(bytes), files: sum(allTold(passes, 'movedFiles')), seqs: bytes.map(({ seq }) => seq) }
}

/** The last word on each check of each step and run. */
function checksIn(records: readonly JournalRecord[]): ReportedMove['checks'] {
  const last = new Map<string, ReportedMove['checks'][number]>()
  for (const record of records) {
    for (const check of detail(record, 'checks') ?? []) {
      const { step, run, at, seq } = record
      last.set(`${run}\n${step}\n${check.text}`, { ...check, step, run, at, seqs: [seq] })
    }
  }
  return [...last.values()]
}

function stragglersOf(name: string, records: readonly JournalRecord[], { statuses }: ReportInput): Figure {
  const last = allTold(records, 'stragglers').at(-1)
  if (last) return { value: last.value, by: 'journal', seqs: [last.seq] }
  return { value: statuses?.find((status) => status.name === name)?.stragglers ?? null, by: 'journal', seqs: [] }
}

/** Each way back with the price that was told last before it; then the price of today, if there is one. */
function rollbacksOf(name: string, records: readonly JournalRecord[], pauses: readonly Pause[], input: ReportInput): ReportedMove['rollbacks'] {
  const told = pricesOf(name, records, input)
  const backs = pauses.filter(({ direction, outcome }) => direction === 'back' && outcome === 'switched')
  const done = backs.map((back) =>
    goneBack(
      back,
      told.findLast(({ at }) => at <= back.from),
    ),
  )
  const lastBack = backs.at(-1)?.from ?? ''
  const now = told.findLast(({ at }) => at > lastBack)
  return now ? [...done, { price: now.price, toldAt: now.at, run: null, actualSeconds: null, seqs: now.seqs }] : done
}

/** In the order of time; the one of the status is the newest. */
function pricesOf(name: string, records: readonly JournalRecord[], { prices = [], statuses = [] }: ReportInput): ToldPrice[] {
  const told = [
    ...allTold(records, 'price').map(({ value, at, seq }) => ({ price: value, at, seqs: [seq] })),
    ...prices.filter(({ move }) => move === name).map(({ price, at }) => ({ price, at, seqs: [] })),
  ].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
  const status = statuses.find((each) => each.name === name)
  return status ? [...told, { price: status.rollback, at: records.at(-1)?.at ?? status.startedAt, seqs: [] }] : told
}

function goneBack({ run, ms, seqs }: Pause, told: ToldPrice | undefined): ReportedMove['rollbacks'][number] {
  return { price: told?.price ?? null, toldAt: told?.at ?? null, run, actualSeconds: ms === null ? null : ms / 1000, seqs: [...(told?.seqs ?? []), ...seqs] }
}
