// The text of lifeboat.yaml as plain values, with the line on which each of them stands.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type ErrorCode as YamlCode, type Node, type Pair } from 'yaml'
import { LifeboatError } from '../core/errors.ts'
import { showPath, type Path } from './problems.ts'

export type YamlText = {
  readonly value: unknown
  /** The line of a path, from 1; of the deepest part of it that exists. */
  readonly lineOf: (path: Path) => number
}

const maxBytes = 1024 * 1024
const maxAliases = 100

/** Fails with config-invalid: not YAML, several documents, empty, larger than 1 MiB, nested too deeply, or aliases that multiply beyond reason. */
export function parseYaml(text: string, file: string): YamlText {
  if (text.length > maxBytes) throw invalid(file, `is ${Math.ceil(text.length / 1024)} KiB long; the limit is ${maxBytes / 1024} KiB`)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true, logLevel: 'error' })
  const [error] = [...document.errors, ...document.warnings]
  if (error) throw invalid(file, sentences[error.code] ?? 'is not written as YAML', lines.linePos(error.pos[0]).line)
  if (document.contents === null) throw invalid(file, 'is empty')
  if (!isMap(document.contents)) throw invalid(file, 'must be a mapping: `project: …`, `providers: …`', 1)
  const lineOf = (path: Path) => lines.linePos(offsetOf(document, path)).line
  return { value: plainValue(document, file, lines), lineOf }
}

const unsetAlias = 'names an alias (*…) that is not set; put quotes around a text that begins with *'

/** yaml's own sentences quote the file, and the file may hold a secret where none belongs. */
const sentences: Partial<Record<YamlCode, string>> = {
  DUPLICATE_KEY: 'has the same key twice',
  TAB_AS_INDENT: 'is indented with a tab; use spaces',
  BAD_INDENT: 'is indented differently from its neighbours, or lacks a closing bracket before it',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  MULTIPLE_DOCS: 'holds several documents; only one is read',
  BAD_ALIAS: unsetAlias,
  TAG_RESOLVE_FAILED: 'has a tag (!…) that is not known; put quotes around a text that begins with !',
  MISSING_CHAR: 'lacks a closing quote or bracket, or the `:` after a key',
  BAD_SCALAR_START: 'begins a text with a reserved character; put quotes around it',
  MULTILINE_IMPLICIT_KEY: 'has a key that goes over several lines; is a `:` missing?',
  BLOCK_AS_IMPLICIT_KEY: 'has a second `key:` on one line; put quotes around a text with `: `',
}

function plainValue(document: Document.Parsed, file: string, lines: LineCounter): unknown {
  visit(document, {
    Alias: (_, alias) => {
      if (!alias.resolve(document)) throw invalid(file, unsetAlias, lines.linePos(startOf(alias) ?? 0).line)
    },
  })
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (error) {
    if (error instanceof ReferenceError) throw invalid(file, `uses aliases (*…) that multiply to more than ${maxAliases}`)
    throw error
  }
}

function invalid(file: string, text: string, line?: number): LifeboatError {
  const where = line === undefined ? '' : ` (line ${line})`
  return new LifeboatError('config-invalid', `${file} ${text}${where}.`, {
    details: { file, problems: [{ path: showPath([]), line: line ?? 1, code: 'config-invalid', text }] },
  })
}

/** A missing key is reported where its mapping begins, an unknown one where it stands itself. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document)
    const next = isMap(node) ? node.items.find((pair) => keyText(pair) === String(key)) : isSeq(node) ? node.items[Number(key)] : undefined
    if (next === undefined) return offset
    const isPair = isMap(node)
    offset = startOf(isPair ? (next as Pair).key : next) ?? offset
    node = isPair ? (next as Pair).value : next
  }
  return offset
}

function keyText(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key)
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}
