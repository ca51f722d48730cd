// Which image of a provider a name like debian-12 means. What a node was made from stays in the state: a newer image never
// replaces a node.
import { LifeboatError } from '../core/errors.ts'

/**
 * What the provider calls the image: an id as it is, else the configured or known one of this name. Fails with
 * config-invalid for a name that is neither, and says which there are.
 */
export function imageOf(kind: string, name: string, known: Readonly<Record<string, string>>, configured: Readonly<Record<string, string>>, id: RegExp): string {
  if (id.test(name)) return name
  const found = configured[name] ?? known[name]
  if (found !== undefined) return found
  const names = [...new Set([...Object.keys(known), ...Object.keys(configured)])].join(', ')
  throw new LifeboatError('config-invalid', `The image ${name} is not known for ${kind}; known are ${names}, an id, and what you list under images:.`, {
    details: { image: name },
  })
}
