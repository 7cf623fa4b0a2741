import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import { inputRefusal } from '../../../engine/hosted.ts'
import { compileInput, type WorkflowDocument } from '../../../workflow/index.ts'

/** The input as the document takes it, with its defaults. @throws InputError that says what is wrong */
export function checkedInput(
  { name, input: schema }: WorkflowDocument,
  input: JsonValue,
): JsonObject {
  const { value, problems } =
    schema === null ? { value: input, problems: [] } : compileInput(schema)(input)
  if (problems.length > 0 || !isJsonObject(value)) throw inputRefusal(name, problems)
  return value
}
