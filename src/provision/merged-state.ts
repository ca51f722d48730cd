// The states of several stacks as that of one. A run of the engine costs a second or two whatever it is about, and a
// plugin for each provider: looking at fifty stacks one after the other takes minutes, looking at them as one does not.
import type { Resource } from './pending.ts'

/** Name of the stack that is only looked at. */
export const mergedStack = 'drift'
const between = '~'

export type NamedState = { readonly stack: string; readonly resources: readonly Resource[] }

export type Merged = {
  readonly resources: readonly Resource[]
  /** Names of providers of the stacks, `<stack>~<name>`, and that of the one which stands for all that are the same. */
  readonly providers: ReadonlyMap<string, string>
}

/** All resources under one root; each name says its stack. Equal providers become one: each costs a process. */
export function mergeStates(project: string, states: readonly NamedState[]): Merged {
  const root = `urn:pulumi:${mergedStack}::${project}::pulumi:pulumi:Stack::${project}-${mergedStack}`
  const standIns = new Map<string, Resource>()
  const providers = new Map<string, string>()
  const merged: Resource[] = [{ urn: root, type: 'pulumi:pulumi:Stack', custom: false }]
  for (const { stack, resources } of states) {
    const renamed = new Map<string, string>()
    for (const resource of resources) {
      renamed.set(resource.urn, resource.type === 'pulumi:pulumi:Stack' ? root : mergedUrn(stack, resource.urn))
    }
    for (const resource of resources) {
      if (resource.type === 'pulumi:pulumi:Stack') continue
      const mine = rename(resource, renamed)
      if (resource.type.startsWith('pulumi:providers:')) {
        const key = `${resource.type} ${sorted(resource.inputs)}`
        const standIn = standIns.get(key) ?? mine
        providers.set(nameOf(mine.urn), nameOf(standIn.urn))
        renamed.set(referenceOf(resource), referenceOf(standIn))
        renamed.set(resource.urn, standIn.urn)
        if (standIns.has(key)) continue
        standIns.set(key, mine)
      }
      merged.push(mine)
    }
  }
  return { resources: merged, providers }
}

/** `urn:pulumi:node-web-1::shop::aws:ec2/eip:Eip::web-1` -> `urn:pulumi:drift::shop::aws:ec2/eip:Eip::node-web-1~web-1` */
function mergedUrn(stack: string, urn: string): string {
  const [, project, type] = urn.split('::')
  return `urn:pulumi:${mergedStack}::${project}::${type}::${mergedName(stack, nameOf(urn))}`
}

export function mergedName(stack: string, name: string): string {
  return `${stack}${between}${name}`
}

/** The way back; null: it belongs to no stack alone. */
export function unmerge(urn: string): { readonly stack: string; readonly urn: string } | null {
  const [, project, type] = urn.split('::')
  const name = nameOf(urn)
  const at = name.indexOf(between)
  if (at < 0) return null
  const stack = name.slice(0, at)
  return { stack, urn: `urn:pulumi:${stack}::${project}::${type}::${name.slice(at + 1)}` }
}

/** Whether it holds what only its own stack can read. */
export function holdsSecrets({ resources }: NamedState): boolean {
  // The engine's mark of a secret: sdk/nodejs/runtime/rpc.ts.
  return JSON.stringify(resources).includes('1b47061264138c4ac30d75fd1eb44270')
}

function nameOf(urn: string): string {
  return urn.split('::').slice(3).join('::')
}

/** How resources name their provider. */
function referenceOf({ urn, id }: Resource): string {
  return `${urn}::${id}`
}

function rename<T>(value: T, names: ReadonlyMap<string, string>): T
function rename(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value
  if (Array.isArray(value)) return value.map((each) => rename(each, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rename(each, names)]))
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
