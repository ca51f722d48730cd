// What the policy would do now, for people: what refuses first.
import type { PolicyCard } from '../core/policy-card.ts'
import { printable } from './table.ts'

export function policyView({ mode, switch: known, moves }: PolicyCard): string {
  const lines = moves.length === 0 ? ['No move has a `standby:`, so there is nothing to fail over to.'] : moves.flatMap((move) => ['', ...moveLines(move)])
  return [`Mode ${mode}; ${switchText(known)}`, ...lines].join('\n')
}

function switchText(known: PolicyCard['switch']): string {
  if (known === null) return 'the policy was never switched off.'
  const reason = known.reason === '' ? '' : `: ${printable(known.reason)}`
  return `switched ${known.off ? 'off' : 'on'} by ${printable(known.by)} at ${known.at}${reason}`
}

function moveLines({ move, serving, standing, verdict, act, by, plan, incident, guards }: PolicyCard['moves'][number]): string[] {
  const would = {
    nothing: 'would do nothing now',
    propose: 'would propose a failover',
    'fail-over': `would fail over now, by ${by === 'approval' ? 'approval' : 'itself'}`,
  }
  const width = Math.max(0, ...guards.map(({ code }) => code.length))
  const sorted = [...guards.filter(({ severity }) => severity === 'error'), ...guards.filter(({ severity }) => severity === 'ok')]
  const mark = ({ severity, unknown }: (typeof guards)[number]): string => (severity === 'ok' ? '✔' : unknown ? '?' : '✖')
  return [
    `${move}${serving === 'target' ? ', which its target serves,' : ''} is ${standing} (${verdict}): ${would[act]}.`,
    ...(act === 'propose' && typeof plan === 'string' ? [`Try: lifeboat approve ${move} --digest ${plan}`] : []),
    ...(typeof incident === 'string' ? [`Incident ${incident}: lifeboat report ${incident}`] : []),
    ...sorted.map((guard) => `${mark(guard)} ${guard.code.padEnd(width)}  ${printable(guard.text)}`),
  ]
}
