// File systems around a root, from /proc/self/mounts (fstab(5)): pure.

type Mount = { readonly at: string; readonly type: string; readonly options: readonly string[] }

export type Mounts = {
  /** The file system that the root lies on; null: not found. */
  readonly own: Mount | null
  /** Where others are mounted below the root: passes and comparisons leave them out. */
  readonly below: readonly string[]
}

/** `root` without links. */
export function readMounts(text: string, root: string): Mounts {
  const mounts = text.split('\n').flatMap((line): Mount[] => {
    const [, at, type, options] = line.split(' ')
    return at === undefined || type === undefined ? [] : [{ at: unescaped(at), type, options: (options ?? '').split(',') }]
  })
  // What was mounted last at a place hides what was there.
  const own = mounts
    .filter(({ at }) => isWithin(root, at))
    .reduce<Mount | null>((best, each) => (best !== null && each.at.length < best.at.length ? best : each), null)
  return { own, below: [...new Set(mounts.map(({ at }) => at).filter((at) => at !== root && isWithin(at, root)))] }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`)
}

/** White space and backslashes are written as `\ooo`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** File systems that keep ACLs and extended attributes, unless they were mounted without. */
const complete = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'jfs', 'reiserfs', 'bcachefs', 'overlay'])

/** What this file system will not keep; `where` names the end. */
export function lacking({ own }: Mounts, where: string): readonly string[] {
  if (own === null) return []
  if (!complete.has(own.type)) return [`${own.at} on the ${where} is ${own.type}, which may not keep ACLs and extended attributes.`]
  const off = own.options.filter((option) => option === 'noacl' || option === 'nouser_xattr')
  return off.length === 0 ? [] : [`${own.at} on the ${where} is mounted with ${off.join(', ')}: what it does not keep is lost there.`]
}
