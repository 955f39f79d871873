// Builds ../static/editor.js, and the licences of what is in it: `npm ci && npm run build`.
import { readFileSync, writeFileSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const STATIC = "../static/";
const result = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  write: false,
});
const names = new Set();
for (const file of Object.keys(result.metafile.inputs)) {
  const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (found) names.add(found[1]);
}
const packages = [...names].sort().map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const file = readdirSync(`node_modules/${name}`).find((each) => /^licen[cs]e/i.test(each));
  return { name, version, license, text: file ? readFileSync(`node_modules/${name}/${file}`, "utf8").trim() : "" };
});
const list = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
writeFileSync(`${STATIC}editor.js`, `/* Built from ../editor: ${list}. Licences: LICENSES.txt. */\n${result.outputFiles[0].text}`);

const MARK = "\n----\n\neditor.js: ";
const before = readFileSync(`${STATIC}LICENSES.txt`, "utf8").split(MARK)[0].trimEnd();
const texts = new Map();
for (const each of packages) texts.set(each.text, [...(texts.get(each.text) ?? []), `${each.name} ${each.version}`]);
const licences = [...texts].map(([text, whose]) => `${whose.join(", ")}\n\n${text}`).join("\n\n----\n\n");
writeFileSync(`${STATIC}LICENSES.txt`, `${before}\n${MARK}${list}\n\n${licences}\n`);
