import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../core/json.ts'
import { compileExpression } from './compile.ts'
import { expressionFunctions, functionTable } from './functions.ts'

const input = { list: [3, 1, 2, 3], nothing: null, text: 'a/b/c', mixed: [1, '1', 1, [1], [1]] }

function evaluate(source: string): JsonValue {
  return compileExpression(source).evaluate({ input })
}

describe('functions', () => {
  it.each<[string, JsonValue]>([
    ['min(3, 2.5)', 2.5],
    ['max(input.list)', 3],
    ['min("b", "a")', 'a'],
    ['input.list.sum()', 9],
    ['sum([])', 0],
    ['sum([1, 2]) / 2', 1],
    ['sum([duration("1s"), duration("2s")])', '3s'],
    ['avg(input.list)', 2.25],
    ['round(2.5)', 3],
    ['round(-2.5)', -3],
    ['round(1.005, 2)', 1.01],
    ['round(1250, -2)', 1300],
    ['round(1e21, 2)', 1e21],
    ['replace("aXbX", "X", "$&")', 'a$&b$&'],
    ['"aXb".replace("X", "")', 'ab'],
    ['coalesce(input.nothing, input.?nope, 5)', 5],
    ['coalesce(1, input.nope)', 1],
    ['coalesce(null)', null],
    ['distinct(input.mixed)', [1, '1', [1]]],
    ['[1, 1.0, {"a": 1}, {"a": 1.0}].distinct()', [1, { a: 1 }]],
    ['flatten([[1], 2, [[3]]])', [1, 2, [3]]],
    ['json("{\\"a\\": [1, 2]}").a[1]', 2],
    ['toJson({"a": [1, 2.5, "x", null]})', '{"a":[1,2.5,"x",null]}'],
    ['"%s is %d, %.2f or %f %%".format(["x", 3.0, 1.005, 1])', 'x is 3, 1.00 or 1.000000 %'],
    ['format("%s", [[1, {"a": null}]])', '[1,{"a":null}]'],
    ['format("%.1f", [1e21])', '1000000000000000000000.0'],
    ['"foobar".matches("o+b") && matches("foo", "^f") && !"foo".matches("^o")', true],
    ['"Ab".lowerAscii() + "Ab".upperAscii() + " x ".trim()', 'abABx'],
    ['input.text.split("/").join("-")', 'a-b-c'],
    ['input.text.split("/", 2)', ['a', 'b/c']],
    ['"a😀b".size()', 3],
    ['"a😀b".substring(1, 2)', '😀'],
    ['"a😀b".indexOf("b")', 2],
    ['"abcb".lastIndexOf("b")', 3],
    ['"abcb".indexOf("b", 2)', 3],
    ['"abc".contains("b") && "abc".startsWith("a") && "abc".endsWith("c")', true],
    ['size({"a": 1}) + size([1, 2]) + size(b"abc") + size(input.list)', 10],
    ['int("12") + int(2.9) + int(timestamp("1970-01-01T00:00:05Z"))', 19],
    ['double("1.5") + double(1)', 2.5],
    ['string(1.5) + string(1) + string(true) + string(b"x")', '1.51truex'],
    ['bool("true") && !bool("0")', true],
    ['1u + uint(2)', 3],
    ['base64(b"hi")', 'aGk='],
    ['type(null) == null_type && type(type(1)) == type', true],
  ])('%s = %j', (source, expected) => {
    expect(evaluate(source)).toEqual(expected)
  })

  it.each<[string, JsonValue]>([
    ['duration("5s")', '5s'],
    ['duration("1h30m")', '5400s'],
    ['duration("1500ms")', '1500ms'],
    ['string(duration("-1500ms"))', '-1.5s'],
    ['duration("90m").getHours()', 1],
    ['timestamp("2025-01-31T12:00:00+02:00")', '2025-01-31T10:00:00Z'],
    ['timestamp("2025-01-31T12:00:00.5Z")', '2025-01-31T12:00:00.500Z'],
    ['timestamp(0)', '1970-01-01T00:00:00Z'],
    ['timestamp("2025-01-31T23:30:00Z") + duration("1h")', '2025-02-01T00:30:00Z'],
    ['timestamp("2025-01-02T00:00:00Z") - timestamp("2025-01-01T00:00:00Z")', '86400s'],
    ['timestamp("2025-01-02T00:00:00Z") > timestamp("2025-01-01T00:00:00Z")', true],
    ['timestamp("2025-01-02T00:00:00Z") == timestamp("2025-01-02T01:00:00+01:00")', true],
    ['timestamp("2024-12-31T23:00:00Z").getDayOfYear()', 365],
    ['timestamp("2024-03-10T12:00:00Z").getHours("America/New_York")', 8],
    ['timestamp("2024-03-10T23:00:00Z").getDate("+02:00")', 11],
    ['timestamp("1969-12-31T23:59:59.250Z").getMilliseconds()', 250],
  ])('%s = %j', (source, expected) => {
    expect(evaluate(source)).toBe(expected)
  })

  it.each([
    ['max([])', 'at least one element'],
    ['max([1, "a"])', 'string > int'],
    ['avg([])', 'at least one element'],
    ['sum(["a"])', 'needs numbers'],
    ['size(1)', 'found int'],
    ['size(null)', 'found null'],
    ['json("{")', 'not JSON'],
    ['"%d".format([1.5])', '`%d` needs an int'],
    ['"%d %d".format([1])', 'no value'],
    ['"x".format([1])', '1 values for 0 places'],
    ['"%q".format([1])', 'does not know'],
    ['"abc".substring(4)', 'outside of the text'],
    ['"abc".substring(2, 1)', 'before the start'],
    ['[1].join()', 'list of strings'],
    ['int("1.5")', 'no int'],
    ['int(1e30)', 'int overflow'],
    ['uint(-1)', 'negative'],
    ['bool("yes")', 'no bool'],
    ['timestamp("2025-02-30T00:00:00Z")', 'RFC 3339'],
    ['timestamp("9999-12-31T23:59:59Z") + duration("1s")', 'out of range'],
    ['duration("5 s")', 'no duration'],
    ['timestamp(0).getHours("Nowhere/Land")', 'no time zone'],
    ['"a".matches(input.text + "(")', 'not valid RE2'],
    ['string(null)', 'found null'],
  ])('%s is an ExpressionError', (source, message) => {
    expect(() => evaluate(source)).toThrowError(
      expect.objectContaining({
        code: 'ExpressionError',
        message: expect.stringContaining(message),
      }),
    )
  })

  it('has one row with a meaning for each thing that can be called', () => {
    const names = expressionFunctions.map((row) => row.name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of functionTable.keys()) expect(names).toContain(name)
    for (const name of ['has', 'coalesce', 'map', 'exists_one', 'orValue']) {
      expect(names).toContain(name)
    }
    for (const row of expressionFunctions) expect(row.summary.length).toBeGreaterThan(5)
  })
})
