// A doctor's findings for people: what would stop a move first, each with what to do; then what is well, by subject.
import type { Doctor, Finding } from '../core/doctor/finding.ts'
import { counted } from '../core/units.ts'
import { printable } from './table.ts'

export function doctorView({ fit, findings }: Doctor): string {
  const of = (severity: Finding['severity']): readonly Finding[] => findings.filter((each) => each.severity === severity)
  const [errors, warnings, well] = [of('error'), of('warning'), of('ok')]
  const width = Math.max(...findings.map(({ about }) => about.length))
  const sum = `${counted(errors.length, 'error')}, ${counted(warnings.length, 'warning')}, ${well.length} in order`
  return [
    `${fit ? 'Fit for a move' : 'Not fit for a move'}: ${sum}.`,
    ...problems(errors, '✖', width),
    ...problems(warnings, '!', width),
    ...(well.length === 0 ? [] : ['', ...bySubject(well, width)]),
  ].join('\n')
}

function problems(found: readonly Finding[], mark: string, width: number): string[] {
  const lines = found.flatMap(({ about, text, hint }) => [
    `${mark} ${about.padEnd(width)}  ${printable(text)}`,
    ...(hint === null ? [] : [`  ${' '.repeat(width)}  Try: ${printable(hint)}`]),
  ])
  return lines.length === 0 ? [] : ['', ...lines]
}

/** A subject is named on its first line only. */
function bySubject(found: readonly Finding[], width: number): string[] {
  return found.map(({ about, text }, at) => `✔ ${(found[at - 1]?.about === about ? '' : about).padEnd(width)}  ${printable(text)}`)
}
