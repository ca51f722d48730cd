// One text for one value, whatever the order in which its keys were written: what fingerprints are made of.

/**
 * JSON with sorted keys and no white space. Absent and undefined keys are the same; `toJSON` is honoured, so a Secret
 * stays a secret. A value that JSON cannot hold exactly (NaN, Infinity, a function) is a defect and throws.
 */
export function canonicalJson(value: unknown): string {
  const plain = hasToJson(value) ? value.toJSON() : value
  if (plain === null || typeof plain === 'string' || typeof plain === 'boolean') return JSON.stringify(plain)
  if (typeof plain === 'number' && Number.isFinite(plain)) return JSON.stringify(plain)
  if (Array.isArray(plain)) return `[${plain.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`
  if (typeof plain !== 'object') throw new TypeError(`A ${typeof plain} has no canonical JSON`)
  const pairs = Object.entries(plain)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`)
  return `{${pairs.join(',')}}`
}

/** The order of everything that is sorted: the same on every machine, whatever its language. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function hasToJson(value: unknown): value is { toJSON: () => unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
}
