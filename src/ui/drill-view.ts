// What a drill showed, for people: what kept it from passing first.
import type { DrillCard, DrillCheck } from '../core/drill.ts'
import { formatDuration } from '../core/units.ts'
import { printable } from './table.ts'

const marks = { error: '✖', warning: '!', ok: '✔' } as const

export function drillView(card: DrillCard): string {
  const of = (wanted: DrillCheck['severity']): readonly DrillCheck[] => card.checks.filter(({ severity }) => severity === wanted)
  const width = Math.max(0, ...card.checks.map(({ about }) => about.length))
  const lines = [...of('error'), ...of('warning'), ...of('ok')].flatMap(({ about, severity, text, hint }) => [
    `${marks[severity]} ${about.padEnd(width)}  ${printable(text)}`,
    ...(hint === null ? [] : [`  ${' '.repeat(width)}  Try: ${printable(hint)}`]),
  ])
  return [
    `${card.move}: the drill ${card.level} ${card.passed ? 'passed' : 'did not pass'}.${closing(card)}`,
    ...lines,
    ...left(card),
    ...(card.report === undefined ? [] : [`Report: ${printable(card.report)}`]),
  ].join('\n')
}

function closing({ passed, expiresAt, isolation, recoverySeconds }: DrillCard): string {
  const apart = isolation === null ? '' : ` ${isolation.packetsLeft} packets left it, ${isolation.packetsRefused} were refused.`
  const took = recoverySeconds === null ? '' : ` It was well ${formatDuration(recoverySeconds * 1000)} after its start.`
  if (!passed) return ''
  return `${took}${apart}${expiresAt === null ? ' Nothing was started, so it does not count for the policy.' : ` It counts until ${expiresAt}.`}`
}

function left({ notDrilled }: DrillCard): readonly string[] {
  return notDrilled.length === 0 ? [] : [`Not tried: ${notDrilled.map(printable).join(', ')}.`]
}
