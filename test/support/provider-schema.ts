// What the provider code inside a plugin of the lab knows, and which arguments of ours it does not.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export type Schema = Record<string, { type: number; optional?: boolean; required?: boolean; element?: { resource?: Schema } }>

/** The schemas of the provider itself and of its resources, by Terraform's names. */
export async function providerSchema(plugin: string): Promise<{ readonly schema: Schema; readonly resources: Readonly<Record<string, Schema>> }> {
  const { stdout } = await promisify(execFile)(plugin, ['-get-provider-info'], { maxBuffer: 256 * 1024 * 1024 })
  return JSON.parse(stdout).provider
}

/** Paths of arguments that the provider code does not know. */
export function unknownArguments(schema: Schema, inputs: Readonly<Record<string, unknown>>, path: string): string[] {
  return Object.entries(inputs).flatMap(([key, value]) => {
    if (value === undefined || key.startsWith('__') || key === 'version') return []
    // What may be given several times has a singular name there.
    const found = schema[snake(key)] ?? schema[snake(key).replace(/s$/, '')] ?? schema[snake(key).replace(/es$/, '')]
    if (found === undefined) return [`${path}.${key}`]
    const nested = found.element?.resource
    const parts = Array.isArray(value) ? value : [value]
    return nested === undefined
      ? []
      : parts.flatMap((part) => (typeof part === 'object' && part !== null ? unknownArguments(nested, part, `${path}.${key}`) : []))
  })
}

/** As Terraform spells a name. */
export function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter, index) => (index === 0 ? '' : '_') + letter.toLowerCase())
}
