// GrowthBook's evaluator for JavaScript, over cases on standard input: condition, attributes, groups.
import { evalCondition } from "@growthbook/growthbook";
import { readFileSync } from "node:fs";

const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(([condition, told, groups]) => evalCondition(told, condition, groups));
console.log(JSON.stringify(answers));
