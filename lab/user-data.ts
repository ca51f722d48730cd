// The user data of an instance, `#cloud-config`: what a node of the lab understands of it (a small subset of cloud-init).
import { parse } from 'yaml'
import { z } from 'zod'

const command = z.union([z.string(), z.array(z.union([z.string(), z.number()]))])

const schema = z.looseObject({
  hostname: z.string().optional(),
  ssh_authorized_keys: z.array(z.string()).default([]),
  /** Host keys: ed25519_private, ed25519_public. */
  ssh_keys: z.record(z.string(), z.string()).default({}),
  write_files: z.array(z.looseObject({ path: z.string(), content: z.string().default(''), permissions: z.string().optional() })).default([]),
  bootcmd: z.array(command).default([]),
  runcmd: z.array(command).default([]),
  fs_setup: z.array(z.looseObject({ device: z.string(), filesystem: z.string() })).default([]),
  mounts: z.array(z.array(z.union([z.string(), z.number()]))).default([]),
})

export type UserData = {
  readonly hostname: string | null
  readonly authorizedKeys: readonly string[]
  /** Files that are there before the first process runs, among them what shop/root/opt/lab/first-boot.py reads. */
  readonly files: Readonly<Record<string, string>>
  readonly modes: Readonly<Record<string, number>>
}

/** Reads it; text that is no `#cloud-config` is left alone, as cloud-init would hand it to somebody else. */
export function readUserData(base64: string): UserData {
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const config = schema.parse(text.startsWith('#cloud-config') ? (parse(text) ?? {}) : {})
  const { bootcmd, runcmd, fs_setup, mounts } = config
  const files: Record<string, string> = { '/var/lib/cloud/lab.json': JSON.stringify({ bootcmd, runcmd, fs_setup, mounts }) }
  const modes: Record<string, number> = {}
  for (const [name, key] of Object.entries(config.ssh_keys)) {
    const kind = name.split('_')[0] ?? ''
    files[`/etc/ssh/ssh_host_${kind}_key${name.endsWith('_public') ? '.pub' : ''}`] = `${key.trim()}\n`
  }
  for (const file of config.write_files) {
    files[file.path] = file.content
    if (file.permissions !== undefined) modes[file.path] = Number.parseInt(file.permissions, 8)
  }
  return { hostname: config.hostname ?? null, authorizedKeys: config.ssh_authorized_keys, files, modes }
}
