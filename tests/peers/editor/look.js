// What an editor with the YAML language server shows of a declaration: `look.js SERVER SCHEMA` reads
// {"text": ..., "at": {"line": ..., "character": ...}} and prints {"problems": [...], "completions": [...], "hover": ...}.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");

const [server, schema] = process.argv.slice(2);
const { text, at } = JSON.parse(fs.readFileSync(0, "utf8"));
const uri = "file:///acme/iamra.yaml";
const settings = { yaml: { schemas: { ["file://" + schema]: ["iamra.yaml"] }, schemaStore: { enable: false }, hover: true, completion: true } };

const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
let buffer = Buffer.alloc(0);
let next = 1;
let toldProblems;
const problems = new Promise((resolve) => (toldProblems = resolve));

function write(message) {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function ask(method, params) {
  const id = next++;
  write({ id, method, params });
  return new Promise((resolve) => waiting.set(id, resolve));
}

function receive(message) {
  if (message.id !== undefined && message.method === undefined) {
    waiting.get(message.id)(message.result);
  } else if (message.method === "workspace/configuration") {
    write({ id: message.id, result: message.params.items.map(({ section }) => settings[section] ?? {}) });
  } else if (message.id !== undefined) {
    write({ id: message.id, result: null });
  } else if (message.method === "textDocument/publishDiagnostics" && message.params.uri === uri) {
    toldProblems(message.params.diagnostics);
  }
}

child.stdout.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  for (;;) {
    const end = buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end).toString())[1]);
    if (buffer.length < end + 4 + length) return;
    const body = buffer.subarray(end + 4, end + 4 + length).toString();
    buffer = buffer.subarray(end + 4 + length);
    receive(JSON.parse(body));
  }
});

const late = setTimeout(() => {
  console.error("the language server does not answer");
  process.exit(1);
}, 60000);

(async () => {
  await ask("initialize", { processId: process.pid, rootUri: null, capabilities: { workspace: { configuration: true } } });
  write({ method: "initialized", params: {} });
  write({ method: "workspace/didChangeConfiguration", params: { settings } });
  write({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
  const found = await problems;
  const place = { textDocument: { uri }, position: at };
  const completions = await ask("textDocument/completion", place);
  const hover = await ask("textDocument/hover", place);
  const contents = hover && (hover.contents.value ?? hover.contents);
  const answer = {
    problems: found.map(({ range, message }) => ({ line: range.start.line, message })),
    completions: (completions.items ?? completions).map(({ label }) => label),
    hover: contents,
  };
  clearTimeout(late);
  console.log(JSON.stringify(answer));
  child.kill();
})();
