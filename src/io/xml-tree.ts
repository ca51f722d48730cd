// The elements that are open while a document is read, and what becomes of those that are whole.
import type { XmlElement } from './xml.ts'
import type { Tag } from './xml-tags.ts'

const deepest = 100

/** What came instead of a document, to follow "answered with". Never quotes it: it may hold a secret. */
export class NotXml extends Error {}

/** Elements that are offered as soon as they are whole. */
export type Apart = {
  /** In which element they stand: the names from the root on, without prefixes. */
  readonly inside: readonly string[]
  /** Answers whether it took the element; one that was taken is left out of the tree. */
  readonly take: (element: XmlElement) => boolean
}

type Growing = XmlElement & { readonly children: XmlElement[]; text: string }
type Open = { readonly element: Growing; readonly tag: Tag }

export type Tree = {
  /** From the root on. */
  readonly open: readonly Open[]
  readonly begin: (tag: Tag) => void
  readonly addText: (text: string) => void
  readonly finish: () => void
  /** Null: it has not ended. */
  readonly root: () => XmlElement | null
}

/** Fails with NotXml when elements nest too deep, and with what `take` throws. */
export function openTree(apart: Apart | null): Tree {
  const open: Open[] = []
  let root: XmlElement | null = null
  return {
    open,
    begin: (tag) => {
      if (open.length >= deepest) throw new NotXml(`XML that nests deeper than ${deepest} elements`)
      const { name, namespace, type, typeNamespace, attributes } = tag
      open.push({ element: { name, namespace, type, typeNamespace, attributes, children: [], text: '' }, tag })
    },
    addText: (text) => {
      const inner = open.at(-1)
      if (inner !== undefined) inner.element.text += text
    },
    finish: () => {
      const element = open.pop()?.element
      if (element === undefined) return
      if (element.children.length > 0 && element.text.trim() === '') element.text = ''
      if (apart !== null && isAt(open, apart.inside) && apart.take(element)) return
      if (open.length === 0) root = element
      else open.at(-1)?.element.children.push(element)
    },
    root: () => root,
  }
}

function isAt(open: readonly Open[], path: readonly string[]): boolean {
  return open.length === path.length && path.every((name, depth) => open[depth]?.element.name === name)
}
