// How the engine's plugin reaches the account, what it writes on each object that takes tags, and what DigitalOcean says when
// it refuses. https://docs.digitalocean.com/reference/api: tags, errors
import { Provider } from '@pulumi/digitalocean/provider.js'
import { labelOf, type Marks } from '../ownership.ts'
import type { Ownership, ReadFailure } from '../provider.ts'
import type { DigitaloceanConfig } from './schema.ts'

/** Set and removed by us at run time. */
export const holdsDataTag = 'lifeboat-holds-data:yes'

/** By these an object is found again. */
export function markTags({ project, stack, object }: Marks): string[] {
  return [`lifeboat-project:${labelOf(project)}`, `lifeboat-stack:${labelOf(stack)}`, `lifeboat-object:${labelOf(object)}`]
}

export function tagsOf(owner: Ownership, object: string): string[] {
  const move = owner.move === null ? [] : [`lifeboat-move:${labelOf(owner.move)}`]
  return [...markTags({ ...owner, object }), ...move, `lifeboat-run:${labelOf(owner.run)}`]
}

/** The explicit provider of a stack. Its token comes by the plugin's environment, so that it is in no state. */
export function explicitProvider(name: string, { endpoint }: DigitaloceanConfig): Provider {
  return new Provider(name, { apiEndpoint: endpoint })
}

const refused =
  /(droplet|volume|resource) limit|exceed(s|ed)? (your|the) .*limit|limit (has been )?(reached|exceeded)|size is (currently )?(unavailable|not available)|not available in (the|this) region/i
const unreachable = /unable to authenticate|\b(forbidden|ECONNREFUSED|ENOTFOUND|ETIMEDOUT)\b|\b401\b|connection refused|no such host|i\/o timeout/i

export const readDigitaloceanFailure: ReadFailure = (message) => {
  if (refused.test(message)) return 'refused'
  return unreachable.test(message) ? 'unreachable' : null
}
