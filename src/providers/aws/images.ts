// Which machine image a name like debian-12 means. The id that it had when a node was created stays in the state: a
// newer image never replaces a node.
import { LifeboatError } from '../../core/errors.ts'
import type { AwsConfig } from './schema.ts'

export type ImageQuery = { readonly owner: string; readonly name: string }

/** Publishers' accounts: Debian 136693071363, Canonical 099720109477, Amazon. */
const known: Readonly<Record<string, ImageQuery>> = {
  'debian-12': { owner: '136693071363', name: 'debian-12-{arch}-*' },
  'debian-13': { owner: '136693071363', name: 'debian-13-{arch}-*' },
  'ubuntu-22.04': { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-server-*' },
  'ubuntu-24.04': { owner: '099720109477', name: 'ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-*' },
  'amazon-linux-2023': { owner: 'amazon', name: 'al2023-ami-2023.*-kernel-*-{kernel}' },
}

/**
 * An image: `ami-…` as it is, else the query for a configured or known name. Fails with config-invalid for a name that
 * is neither, and says which there are.
 */
export function imageOf(name: string, architecture: 'x86_64' | 'arm64', images: AwsConfig['images']): string | ImageQuery {
  if (/^ami-[0-9a-f]+$/.test(name)) return name
  const query = images[name] ?? known[name]
  if (query === undefined) {
    const names = [...new Set([...Object.keys(known), ...Object.keys(images)])].join(', ')
    throw new LifeboatError('config-invalid', `The image ${name} is not known for aws; known are ${names}, an id ami-…, and what you list under images:.`, {
      details: { image: name },
    })
  }
  const text = query.name.replace('{arch}', architecture === 'arm64' ? 'arm64' : 'amd64').replace('{kernel}', architecture)
  return { owner: query.owner, name: text }
}
