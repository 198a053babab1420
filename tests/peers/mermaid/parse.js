// Reads a flowchart on stdin as Mermaid does before it draws, and prints what it has read. The limit of
// characters is checked here, too: Mermaid checks it when it draws.
"use strict";
const fs = require("fs");
const vm = require("vm");

// As much of a browser as Mermaid looks at when it is loaded. Nothing is drawn.
const element = () => ({ style: {}, appendChild() {}, setAttribute() {} });
globalThis.window = globalThis;
globalThis.addEventListener = () => {};
globalThis.Element = class { get parentNode() { return null; } };
globalThis.document = {
  nodeType: 9, implementation: {}, createElement: element, createElementNS: element, addEventListener() {},
  documentElement: element(), head: element(), body: element(), getElementsByTagName: () => [], querySelectorAll: () => [],
};
vm.runInThisContext(fs.readFileSync(process.argv[2], "utf8"), "mermaid");

async function main() {
  const text = fs.readFileSync(0, "utf8");
  mermaid.initialize({ startOnLoad: false });
  const { maxTextSize } = mermaid.mermaidAPI.getConfig();
  if (text.length > maxTextSize) throw new Error(`${text.length} characters are more than ${maxTextSize}`);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const labels = [...db.getVertices().values()].map((vertex) => vertex.text);
  const directions = db.getSubGraphs().map((group) => group.dir);
  console.log(JSON.stringify({ labels, edges: db.getEdges().length, directions }));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
