// What one end of a copy can do, from what its own programs say: pure. Versions: rsync's NEWS.md.
import { LifeboatError } from '../../core/errors.ts'

export type Ability = {
  /** As rsync writes it: `3.2.7`. */
  readonly version: string
  /** Names that `rsync --version` lists: `ACLs`, `xattrs`, `zstd`, `lz4`, `xxh128`, … */
  readonly features: ReadonlySet<string>
  /** The processor has instructions for AES. */
  readonly aes: boolean
  readonly cpus: number
  /** `ionice` is there. */
  readonly ionice: boolean
}

/** For a POSIX shell: prints what `readAbility` reads. */
export const abilityScript = `rsync --version 2>/dev/null
printf '\\n=aes %s\\n=cpus %s\\n=ionice %s\\n' "$(grep -cwm1 aes /proc/cpuinfo)" "$(grep -c ^processor /proc/cpuinfo)" "$(command -v ionice)"`

/** Fails with node-tool-missing where rsync is missing or older than 3.1.0; `where` names the end: `source 192.0.2.1`. */
export function readAbility(text: string, where: string): Ability {
  const version = /^rsync +version v?(\d+\.\d+\.\d+)/m.exec(text)?.[1]
  if (version === undefined) throw new LifeboatError('node-tool-missing', `rsync is not installed on the ${where}.`)
  if (isOlder(version, '3.1.0')) throw new LifeboatError('node-tool-missing', `rsync ${version} on the ${where} is too old; 3.1.0 is the oldest that will do.`)
  const told = (name: string): string => new RegExp(`^=${name} (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  return {
    version,
    features: featuresOf(text),
    aes: Number(told('aes')) > 0,
    cpus: Math.max(1, Number(told('cpus'))),
    ionice: told('ionice') !== '',
  }
}

/** `no ACLs` in a list means that it lacks them; before 3.2.0 nothing is said of compression and checksums: zlib and md5. */
function featuresOf(text: string): ReadonlySet<string> {
  const words = text
    .split('\n')
    .filter((line) => /^ {4}\S/.test(line))
    .flatMap((line) => line.split(','))
    .map((word) => word.trim().replace(/^optional /, ''))
  return new Set(words.flatMap((word) => (word.startsWith('no ') ? [] : [word, ...word.split(/\s+/)])))
}

/** Whether the first of two versions of rsync is the older one. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((each) => each.split('.').map(Number))
  const at = [0, 1, 2].find((index) => left?.[index] !== right?.[index])
  return at !== undefined && (left?.[at] ?? 0) < (right?.[at] ?? 0)
}

/** An older receiver that is to do both keeps what lay where a file now ends in a hole (NEWS.md), and its checksum does not see it. */
export const holesInPlaceSince = '3.3.0'

/** What an end cannot do, and what that costs; `where` as above. */
export function shortcomings({ version, features, aes }: Ability, where: string): readonly string[] {
  const lacking = (feature: string, cost: string) => (features.has(feature) ? [] : [`rsync ${version} on the ${where} ${cost}`])
  return [
    ...(isOlder(version, '3.4.0')
      ? [
          `rsync ${version} on the ${where} is older than 3.4.0, which closed holes (CVE-2024-12084 and others); a distribution may have mended them without another number.`,
        ]
      : []),
    ...(isOlder(version, '3.1.3')
      ? [
          `rsync ${version} on the ${where} knows whole seconds only: a file rewritten at the same size within a second is found by the comparison, not by a pass.`,
        ]
      : []),
    ...(isOlder(version, holesInPlaceSince) ? [`rsync ${version} on the ${where} writes a changed file that has holes anew, as a whole.`] : []),
    ...lacking('ACLs', 'does not carry ACLs.'),
    ...lacking('xattrs', 'does not carry extended attributes.'),
    ...lacking('zstd', 'does not compress with zstd: a slow link is not relieved.'),
    ...lacking('xxh128', 'makes checksums with md5: an audit takes more of the processor.'),
    ...(aes ? [] : [`The processor of the ${where} has no instructions for AES; ssh uses its slower default cipher.`]),
  ]
}
