// What the engine says while it works, made into what people read: one line when work on a resource begins, one when it
// ends, and the messages of the provider kept for the failure.
import type { EngineEvent as PulumiEvent, OpMap, OpType } from '@pulumi/pulumi/automation/index.js'
import type { Changes, Listen } from './engine.ts'

/** A message of the provider about a resource; null: about the whole. */
export type Diagnostic = { readonly resource: string | null; readonly text: string }

export type EventLog = {
  readonly onEvent: (event: PulumiEvent) => void
  readonly diagnostics: () => readonly Diagnostic[]
  /** Totals of the operation, once it has said them. */
  readonly changes: () => Changes
  /** Resources with any change, in the order of the events. */
  readonly changed: () => readonly string[]
}

const doing: Partial<Record<OpType, string>> = {
  create: 'creating',
  update: 'changing',
  delete: 'deleting',
  replace: 'replacing',
  'create-replacement': 'creating its replacement',
  'delete-replaced': 'deleting the replaced one',
  import: 'adopting',
}

const done: Partial<Record<OpType, string>> = {
  create: 'created',
  update: 'changed',
  delete: 'deleted',
  replace: 'replaced',
  'create-replacement': 'replacement created',
  'delete-replaced': 'replaced one deleted',
  import: 'adopted',
}

/** Collects the events of one operation and tells `listen` about each resource that changes. */
export function createEventLog(listen: Listen): EventLog {
  const diagnostics: Diagnostic[] = []
  const changed: string[] = []
  let totals: OpMap = {}

  const onEvent = (event: PulumiEvent): void => {
    const { resourcePreEvent: begun, resOutputsEvent: ended, resOpFailedEvent: failed, diagnosticEvent: message, summaryEvent: summary } = event
    if (begun) tell(listen, begun.metadata, 'running', doing)
    if (ended) {
      if (tell(listen, ended.metadata, 'done', done)) changed.push(resourceOf(ended.metadata.urn))
    }
    if (failed) {
      const resource = resourceOf(failed.metadata.urn)
      const last = diagnostics.findLast((one) => one.resource === resource)
      listen({ resource, state: 'failed', text: last === undefined ? `${failed.metadata.op} failed` : sentenceOf(last.text) })
    }
    if (message?.severity === 'error' && message.ephemeral !== true) {
      diagnostics.push({ resource: message.urn ? resourceOf(message.urn) : null, text: plainText(message.message) })
    }
    if (summary) totals = summary.resourceChanges
  }
  return { onEvent, diagnostics: () => diagnostics, changes: () => changesOf(totals), changed: () => changed }
}

function tell(listen: Listen, metadata: { op: OpType; urn: string; type: string }, state: 'running' | 'done', words: Partial<Record<OpType, string>>): boolean {
  const text = words[metadata.op]
  // The stack itself, providers and reads are the engine's own business.
  if (text === undefined || metadata.type.startsWith('pulumi:')) return false
  listen({ resource: resourceOf(metadata.urn), state, text })
  return true
}

/** `urn:pulumi:node-web-1::shop::aws:ec2/instance:Instance::web-1` -> `Instance web-1`. */
export function resourceOf(urn: string): string {
  const parts = urn.split('::')
  const type = parts[2]?.split('$').at(-1)?.split(':').at(-1)
  const name = parts.slice(3).join('::')
  return type === undefined || name === '' ? urn : `${type} ${name}`
}

export function changesOf(totals: OpMap): Changes {
  return { create: totals.create ?? 0, update: totals.update ?? 0, replace: totals.replace ?? 0, delete: totals.delete ?? 0, same: totals.same ?? 0 }
}

export const noChanges: Changes = changesOf({})

/** Without the engine's colour tags and those of terminals. */
export function plainText(message: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape sequences of terminals begin with a control character
  return message.replaceAll(/<\{%[^%]*%\}>/g, '').replaceAll(/\u001B\[[0-9;]*m/g, '')
}

/** The provider wraps its words in where they come from, and in lists. */
export function sentenceOf(message: string): string {
  const flat = message
    .replace(/^\s*(sdk-v\d\/)?\S+\.go:\d+: \S+: /, '')
    .replace(/: provider=\S+$/m, '')
    .replace(/^\s*(error: )?((creating|updating|deleting|refreshing|reading) urn:\S+: )?/, '')
    .replace(/\d+ errors? occurred:\s*\*\s*/g, '')
  const line = flat.split('\n').find((one) => one.trim() !== '') ?? ''
  return line.trim().replace(/\s+/g, ' ')
}
