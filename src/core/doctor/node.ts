// What a node told of itself in one call (nodes/fitness.ts), judged: whether a move could use it as its source or target,
// and what of ours stands there.
import { readAnswer } from '../inside/answer.ts'
import type { SideName } from '../stored-move.ts'
import { formatBytes } from '../units.ts'
import { error, ok, warning, type Found } from './finding.ts'

export type Root = { readonly isFolder: boolean; readonly totalKiB: number | null; readonly freeKiB: number | null; readonly usedKiB: number | null }

/** One thing of ours: its kind, and the name of the move as it stands in it. */
export type Thing = { readonly kind: string; readonly move: string }

export type NodeAnswer = {
  readonly uid: number | null
  readonly machine: string
  readonly kernel: string
  readonly systemd: boolean
  readonly tools: ReadonlySet<string>
  /** Unix seconds when it answered. */
  readonly clock: number | null
  /** One for each path that was asked for, in their order. */
  readonly roots: readonly Root[]
  readonly things: readonly Thing[]
  /** Owner of each move's helper, `MOVE/IDENTITY`. */
  readonly owners: readonly string[]
}

/** Null: that was no answer. */
export function parseNodeAnswer(text: string): NodeAnswer | null {
  const section = readAnswer(text).get('node')
  if (section === undefined || section.rows('uid').length === 0) return null
  const first = (word: string): string => section.rows(word)[0] ?? ''
  return {
    uid: number(first('uid')),
    machine: first('machine'),
    kernel: first('kernel'),
    systemd: section.rows('systemd').length > 0,
    tools: new Set(section.rows('tool')),
    clock: number(first('clock')),
    roots: section.rows('root').map(rootOf),
    things: section.rows('ours').map((row) => {
      const [kind = '', ...move] = row.split(' ')
      return { kind, move: move.join(' ') }
    }),
    owners: section.rows('owner'),
  }
}

function rootOf(row: string): Root {
  const [kind, total = '', free = '', used = ''] = row.split(' ')
  return { isFolder: kind === 'folder', totalKiB: number(total), freeKiB: number(free), usedKiB: number(used) }
}

function number(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

/** What the helper, the files mover and the tries of ports run on a node, each with what it is for. */
const needed: readonly (readonly [tool: string, what: string])[] = [
  ['rsync', 'copies the data'],
  ['bash', 'tries ports'],
  ['timeout', 'tries ports'],
  ['base64', 'receives the helper'],
  ['sha256sum', 'checks the helper'],
  ['find', 'counts the data'],
  ['du', 'measures the data'],
]
const machines = ['x86_64', 'aarch64']
/** fanotify reports changed names since then (helper/internal/record). */
const leastKernel = [5, 9] as const

export function judgeNodeAnswer(where: string, answer: NodeAnswer): Found[] {
  const { uid, tools, systemd, machine, kernel } = answer
  const missing = needed.filter(([tool]) => !tools.has(tool))
  const found: (Found | false)[] = [
    uid !== 0 &&
      error(
        'not-root',
        `We are user ${uid} on the ${where}, and need root.`,
        'Log in as root, or set ssh: { sudo: true } and allow that user sudo without a password.',
      ),
    !systemd &&
      error('no-systemd', `The ${where} does not run systemd, which stops and starts services there.`, 'Move its services to a node with systemd first.'),
    !machines.includes(machine) &&
      error(
        'machine',
        `The ${where} is a ${machine || 'machine of unknown kind'}; the helper runs on ${machines.join(' and ')}.`,
        'Such a node cannot be moved.',
      ),
    !isKernelNewEnough(kernel) &&
      error('kernel', `The ${where} runs Linux ${kernel}; ${leastKernel.join('.')} is the oldest that reports changed names.`, 'Boot a newer kernel on it.'),
    !tools.has('nft') &&
      !tools.has('iptables') &&
      error('node-tool-missing', `The ${where} has neither nft nor iptables, which hold its clients during the switch.`, 'Install nftables or iptables there.'),
    ...missing.map(([tool, what]) => error('node-tool-missing', `The ${where} has no ${tool}, which ${what}.`, `Install ${packageOf(tool)} there.`)),
  ]
  const wrong = found.filter((one) => one !== false)
  if (wrong.length > 0) return wrong
  return [ok('node', `The ${where} answers as root: Linux ${kernel}, ${machine}, rsync, ${tools.has('nft') ? 'nft' : 'iptables'}.`)]
}

function packageOf(tool: string): string {
  return ['base64', 'sha256sum', 'timeout', 'du'].includes(tool) ? `coreutils (${tool})` : tool === 'find' ? 'findutils' : tool
}

function isKernelNewEnough(kernel: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? []
  return Number(major) > leastKernel[0] || (Number(major) === leastKernel[0] && Number(minor) >= leastKernel[1])
}

/** The data on its side: it must be there on the source, and must have room on the target. `needKiB`: what the source holds; null: not known. */
export function judgeRoot(where: string, side: SideName, path: string, root: Root | undefined, needKiB: number | null): Found[] {
  if (root === undefined) return [warning('data', `The ${where} did not tell about ${path}.`, 'Look at it by hand.')]
  if (side === 'source') {
    if (!root.isFolder) return [error('data-missing', `${path} is not a folder on the ${where}.`, 'Correct data: of this move, or mount what belongs there.')]
    return [ok('data', `${path} on the ${where} holds ${root.usedKiB === null ? 'more than could be counted in 10 s' : bytes(root.usedKiB)}.`)]
  }
  const { totalKiB, freeKiB } = root
  if (totalKiB === null || freeKiB === null) return [warning('data', `How much room the ${where} has at ${path} could not be read.`, 'Look at it by hand.')]
  if (needKiB !== null && needKiB > totalKiB)
    return [
      error('disk-too-small', `${path} holds ${bytes(needKiB)}; the disk of the ${where} has ${bytes(totalKiB)} there.`, 'Give the target a larger disk.'),
    ]
  return [ok('data', `The ${where} has ${bytes(freeKiB)} left for ${path}.`)]
}

function bytes(kiB: number): string {
  return formatBytes(kiB * 1024)
}

/** `states`: what this state folder knows of its moves, by name. `identity`: its own, as it stands in an owner. */
export function judgeThings(where: string, { things, owners }: NodeAnswer, states: ReadonlyMap<string, string>, identity: string): Found[] {
  // No move has a `_` in its name; in that of a table it stands for a `-`.
  const nameOf = (move: string): string => move.replaceAll('_', '-')
  const names = [...new Set(things.map(({ move }) => nameOf(move)))]
  return names.map((name) => {
    const kinds = [...new Set(things.filter(({ move }) => nameOf(move) === name).map(({ kind }) => kind))].join(', ')
    const stands = `Of ours stands on the ${where}: ${kinds}`
    const owner = owners.find((each) => each.startsWith(`${name}/`))
    if (owner !== undefined && owner !== `${name}/${identity}`)
      return error(
        'owned-by-other',
        `${stands} of the move ${name}, which another state folder began.`,
        'Go on from that state folder, or finish or roll back there.',
      )
    const state = states.get(name)
    if (state !== undefined) return ok('stands', `${stands} of the move ${name} (${state}).`)
    return warning('left-behind', `${stands} of a move ${name} that is not known here.`, 'Roll it back or finish it from the state folder that began it.')
  })
}
