// Renders every formula with KaTeX in strict mode. Standard input has one JSON object per
// line, {"latex": "...", "display": true}; one line of JSON, {"latex": ..., "error": ...}, is
// printed for each that fails.

import { createInterface } from "node:readline";
import katex from "katex";

for await (const line of createInterface({ input: process.stdin })) {
  const { latex, display } = JSON.parse(line);
  try {
    katex.renderToString(latex, { displayMode: display, strict: "error", throwOnError: true });
  } catch (error) {
    console.log(JSON.stringify({ latex, error: error.message }));
  }
}
