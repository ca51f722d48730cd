// What is read of two systems, and when a whole one may move from one to the other.
import { LifeboatError } from '../../../core/errors.ts'
import { visible } from '../../../core/terminal.ts'
import type { Pair, Side } from '../../mover.ts'

type Found = {
  readonly release: string
  readonly machine: string
  readonly enabled: readonly string[]
  readonly known: ReadonlySet<string>
  readonly guarded: ReadonlySet<string>
  readonly jobs: string
}

const script = `. /etc/os-release; printf '=release %s\\n=machine %s\\n' "$ID \${VERSION_ID:-}" "$(uname -m)"
systemctl list-unit-files --no-legend --plain 2>/dev/null | awk '{ print "=unit", $1, $2 }'
for guard in /etc/systemd/system/*.d/50-lifeboat-*.conf; do [ -e "$guard" ] && printf '=guard %s\\n' "$(basename "$(dirname "$guard")" .d)"; done
for unit in cron crond cronie; do systemctl is-active -q $unit 2>/dev/null && printf '=jobs %s.service\\n' $unit; done; :`

/** What keeps the network up; which of them a machine needs is in files that stay. */
const networks = ['systemd-networkd.service', 'NetworkManager.service', 'networking.service', 'wicked.service', 'dhcpcd.service']

/** Fails with gate-closed where a whole system must not move. Answers what a person should know before it does. */
export async function fitness(pair: Pair, signal: AbortSignal): Promise<readonly string[]> {
  const [from, to] = await Promise.all([look(pair.from, signal), look(pair.to, signal)])
  const [giving, receiving] = [pair.from.name, pair.to.name]
  if (from.release !== to.release || from.machine !== to.machine) {
    throw new LifeboatError(
      'gate-closed',
      `The ${giving} is ${visible(from.release)} on ${visible(from.machine)}, the ${receiving} ${visible(to.release)} on ${visible(to.machine)}: a whole system moves between equal ones only; move its folders (kind: files) and install its packages there.`,
    )
  }
  const network = networks.find((unit) => to.enabled.includes(unit) && !from.known.has(unit))
  if (network !== undefined) {
    throw new LifeboatError(
      'gate-closed',
      `The network of the ${receiving} is kept by ${network}, which the ${giving} has not: install it there, or the copy would take it away.`,
    )
  }
  if (to.jobs !== '' && !to.guarded.has(to.jobs)) {
    throw new LifeboatError(
      'gate-closed',
      `${to.jobs} runs on the ${receiving} and would do the jobs of the ${giving} a second time: name it under singletons.`,
    )
  }
  const only = (one: Found, other: Found) => one.enabled.filter((unit) => !other.known.has(unit) && !unit.includes('@') && !unit.startsWith('lifeboat-'))
  const second = only(from, to).filter((unit) => !to.guarded.has(unit))
  const lost = only(to, from)
  return [
    ...(second.length === 0
      ? []
      : [
          `Nothing keeps these from running on both sides once the ${receiving} restarts, name them under services or singletons: ${second.map(visible).join(', ')}.`,
        ]),
    ...(lost.length === 0 ? [] : [`Only the ${receiving} has these, and what is theirs is put aside: ${lost.map(visible).join(', ')}.`]),
  ]
}

async function look(side: Side, signal: AbortSignal): Promise<Found> {
  const { stdout } = await side.run(['sh', '-c', script], { signal })
  const told = (what: string): readonly string[] => stdout.split('\n').flatMap((line) => (line.startsWith(`=${what} `) ? [line.slice(what.length + 2)] : []))
  const units = told('unit').map((line) => line.split(' '))
  return {
    release: (told('release')[0] ?? '').trim(),
    machine: told('machine')[0] ?? '',
    enabled: units.flatMap(([unit = '', state]) => (state === 'enabled' ? [unit] : [])),
    known: new Set(units.map(([unit = '']) => unit)),
    guarded: new Set(told('guard')),
    jobs: told('jobs')[0] ?? '',
  }
}
