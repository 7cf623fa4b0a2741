import { documentError, keysIn, type Path, type Problem, readShaped } from '../../workflow/index.ts'
import { checkTree } from './check-tree.ts'
import { DecisionTree } from './decision-tree.ts'
import { treeJsonSchema, treeSchema } from './tree-schema.ts'

/** A tree, null where a problem is an error, and everything that is wrong with it. */
export interface TreeReading {
  readonly tree: DecisionTree | null
  readonly problems: readonly Problem[]
}

const kind = {
  schema: treeSchema,
  keysAt: (path: Path) => keysIn(treeJsonSchema(), path),
  check: checkTree,
}

/**
 * Reads a decision tree from YAML or JSON text, or from data, and reports all its problems at once: targets that
 * there are not, circles, and, as warnings, nodes and branches that nobody reaches. Never throws.
 *
 * @param file shown in every problem; default none
 */
export function readDecisionTree(
  source: { readonly text: string } | { readonly data: unknown },
  file: string | null = null,
): TreeReading {
  const { value, problems } = readShaped(source, kind, file)
  return { tree: value === null ? null : new DecisionTree(value), problems }
}

/** As `readDecisionTree`. @throws DocumentError with every problem in `details.problems` */
export function expectDecisionTree(
  source: { readonly text: string } | { readonly data: unknown },
  file: string | null = null,
): DecisionTree {
  const { tree, problems } = readDecisionTree(source, file)
  if (tree === null) throw documentError(problems)
  return tree
}
