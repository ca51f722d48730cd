// The layer of a provider: what all its nodes share.
import type { Given, Outputs, Ownership, Target } from '../src/providers/provider.ts'

export type Layer = Pick<Target['engine'], 'environment' | 'readFailure'> & {
  readonly stack: string
  readonly program: () => Promise<Outputs>
}

export type Run = { readonly project: string; readonly run: string; readonly authorizedKeys: Given['authorizedKeys'] }

/** Null for a target whose nodes share nothing. */
export function netLayer(provider: string, target: Target, { project, run, authorizedKeys }: Run): Layer | null {
  const { shared } = target
  if (shared === null) return null
  const owner: Ownership = { project, stack: `net-${provider}`, move: null, run }
  return { stack: owner.stack, program: () => shared({ owner, shared: {}, data: {}, authorizedKeys }), ...target.engine }
}
