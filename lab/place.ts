// Where things of the lab are.
import path from 'node:path'

/** The repository. */
export const repository = path.resolve(import.meta.dirname, '..')
/** What lab/setup prepared. */
export const prepared = path.join(repository, '.lab')
/** The file system that every node starts from. */
export const image = path.join(prepared, 'image')
/** The same of the next Debian, with PostgreSQL alone: what a version change leads to. */
export const nextImage = path.join(prepared, 'image-trixie')
/** Memory of the world alone: it ends with the last process of the world, whatever kills it. */
export const worldFolder = '/run/lifeboat-lab'

/** A program that lab/setup built. */
export function program(name: 'vcsim' | 'govc' | 'moto_server' | 'pulumi' | 'lifeboat-helper'): string {
  return path.join(prepared, 'bin', name)
}

/** Where the tools are that lab/setup prepared. The plugins are ours (lab/plugins): nothing is downloaded in the lab. */
export function toolEnvironment(): Readonly<Record<string, string>> {
  return {
    PATH: `${path.join(prepared, 'bin')}:${process.env['PATH'] ?? ''}`,
    PULUMI_HOME: path.join(prepared, 'pulumi-home'),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  }
}
