// HTML and SVG that cannot be broken by what stands in them: every value that is put into a template is escaped, unless
// it is markup itself.

export type Markup = { readonly markup: string }
type Part = Markup | string | number | null | readonly Part[]

/** Tagged template: `markup\`<b>${name}</b>\``. Null writes nothing, a list all its parts. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.map((text, index) => text + written(parts[index] ?? null)).join('') }
}

function written(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escape(part)
  if ('markup' in part) return part.markup
  return part.map(written).join('')
}

/** Control characters, and those that turn the direction of writing, become visible: a name must not rearrange a page. */
function escape(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  )
}

/** As many as fit into so many characters, from the first. */
export function fitting(parts: readonly Markup[], characters: number): Markup[] {
  let left = characters
  return parts.filter((part) => (left -= part.markup.length) >= 0)
}
