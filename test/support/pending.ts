// An object of shop that was asked for and never confirmed.
import type { Pending } from '../../src/providers/provider.ts'

export function pendingOf(type: string, inputs: Record<string, unknown> = {}, stack = 'node-web-1', name = 'web-1'): Pending {
  return { urn: `urn:pulumi:${stack}::shop::${type}::${name}`, type, name, inputs }
}
