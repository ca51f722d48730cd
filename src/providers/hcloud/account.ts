// How the engine's plugin reaches the project, what it writes on each object, and what Hetzner says when it refuses.
// https://docs.hetzner.cloud: labels, error codes
import { Provider } from '@pulumi/hcloud/provider.js'
import { labelOf, type Marks } from '../ownership.ts'
import type { Ownership, ReadFailure } from '../provider.ts'
import type { HcloudConfig } from './schema.ts'

/** Set and removed by us at run time, ignored by the engine. */
export const holdsDataLabel = 'lifeboat-holds-data'

/** By these an object is found again. */
export function markLabels({ project, stack, object }: Marks): Record<string, string> {
  return { 'lifeboat-project': labelOf(project), 'lifeboat-stack': labelOf(stack), 'lifeboat-object': labelOf(object) }
}

export function labelsOf(owner: Ownership, object: string): Record<string, string> {
  const move = owner.move === null ? {} : { 'lifeboat-move': labelOf(owner.move) }
  return { ...markLabels({ ...owner, object }), ...move, 'lifeboat-run': labelOf(owner.run) }
}

/** For `ignoreChanges`: who created an object stays written on it, and so does what we wrote since. */
export const keepsLabels: string[] = ['labels["lifeboat-run"]', `labels["${holdsDataLabel}"]`]

/** The explicit provider of a stack. Its token comes by the plugin's environment, so that it is in no state. */
export function explicitProvider(name: string, { endpoint }: HcloudConfig): Provider {
  return new Provider(name, { endpoint })
}

const refused = /\b(resource_limit_exceeded|resource_unavailable|placement_error|limit_reached|server_limit_exceeded)\b|limit exceeded|limit reached/i
const unreachable =
  /\b(unauthorized|forbidden|token_readonly|ECONNREFUSED|ENOTFOUND|ETIMEDOUT)\b|unable to authenticate|connection refused|no such host|i\/o timeout/i

export const readHcloudFailure: ReadFailure = (message) => {
  if (refused.test(message)) return 'refused'
  return unreachable.test(message) ? 'unreachable' : null
}
