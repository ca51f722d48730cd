// Rules for whatever is declared at AWS, as plain functions over what a program registers. They hold whoever writes the
// program: a breach is refused before that object is asked for (gate.ts).
import { anywhere } from './anywhere.ts'
import { tagKeys } from './tags.ts'

export type Declared = {
  readonly type: string
  readonly name: string
  readonly props: Readonly<Record<string, unknown>>
  readonly protect: boolean
  readonly retainOnDelete: boolean
}

/** `openPorts`: what everybody may reach. */
export type Allowed = { readonly openPorts: readonly number[] }

/** A sentence that says what is against it; null: nothing is. */
type Rule = (declared: Declared, allowed: Allowed) => string | null

const untaggable = /^pulumi:|Association$|Attachment$/
const isDataVolume = ({ type }: Declared): boolean => type === 'aws:ebs/volume:Volume'

export const rules: Readonly<Record<string, Rule>> = {
  /** Without them nothing is found again after a crash, and nobody sees whose it is. */
  tagged: ({ type, props: { tags } }) => {
    if (untaggable.test(type)) return null
    const missing = [tagKeys.project, tagKeys.stack, tagKeys.object, tagKeys.run].filter((key) => !has(tags, key))
    return missing.length === 0 ? null : `has no tag ${missing.join(', ')}`
  },
  kept: (declared) => (!isDataVolume(declared) || (declared.protect && declared.retainOnDelete) ? null : 'is a data volume that an `up` could remove'),
  encrypted: (declared) => {
    const root = declared.props['rootBlockDevice']
    if (isDataVolume(declared)) return declared.props['encrypted'] === true ? null : 'is not encrypted'
    if (declared.type !== 'aws:ec2/instance:Instance') return null
    return has(root, 'encrypted') && Reflect.get(root, 'encrypted') === true ? null : 'has a system disk that is not encrypted'
  },
  closed: ({ type, props: { ingress } }, { openPorts }) => {
    if (type !== 'aws:ec2/securityGroup:SecurityGroup') return null
    const open = (Array.isArray(ingress) ? ingress : []).filter((rule: unknown) => isForAnybody(rule) && !isAllowed(rule, openPorts))
    return open.length === 0 ? null : `lets everybody in where nothing is served (${open.map(portsOf).join(', ')})`
  },
}

/** Every rule that is broken, with its name. */
export function breachesOf(declared: Declared, allowed: Allowed): readonly { readonly rule: string; readonly text: string }[] {
  return Object.entries(rules).flatMap(([rule, judge]) => {
    const why = judge(declared, allowed)
    return why === null ? [] : [{ rule, text: `${declared.type.split(':').at(-1)} ${declared.name} ${why}` }]
  })
}

function has(value: unknown, key: string): value is object {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}

function field(rule: unknown, key: string): unknown {
  return has(rule, key) ? Reflect.get(rule, key) : undefined
}

function isForAnybody(rule: unknown): boolean {
  const [four, six] = [field(rule, 'cidrBlocks'), field(rule, 'ipv6CidrBlocks')]
  return (Array.isArray(four) && four.includes(anywhere)) || (Array.isArray(six) && six.includes('::/0'))
}

function isAllowed(rule: unknown, openPorts: readonly number[]): boolean {
  // "Fragmentation needed" has to come through.
  if (field(rule, 'protocol') === 'icmp') return field(rule, 'fromPort') === 3 && field(rule, 'toPort') === 4
  const [from, to] = [field(rule, 'fromPort'), field(rule, 'toPort')]
  return from === to && typeof from === 'number' && openPorts.includes(from) && field(rule, 'protocol') !== '-1'
}

function portsOf(rule: unknown): string {
  return `${String(field(rule, 'protocol'))} ${String(field(rule, 'fromPort'))}-${String(field(rule, 'toPort'))}`
}
