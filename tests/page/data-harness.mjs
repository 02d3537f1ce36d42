/** The page's modules for images, bundled for a test: as a module in Node, as a script in a browser. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
// The packages are installed with the page, not beside the tests.
const { build } = createRequire(join(root, "www", "package.json"))("esbuild");

async function bundle(format) {
  const contents = 'export * from "./data"; export { texts } from "./strings";';
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(root, "www", "src"), loader: "ts" },
    bundle: true,
    write: false,
    format,
    globalName: "data",
    target: ["es2022"],
  });
  return outputFiles[0].text;
}

export const scriptForBrowser = () => bundle("iife");

export const load = async () => import(`data:text/javascript;base64,${Buffer.from(await bundle("esm")).toString("base64")}`);

/** An IDX file. */
export function idx(magic, sizes, body) {
  const header = Buffer.alloc(4 * (1 + sizes.length));
  [magic, ...sizes].forEach((word, at) => header.writeUInt32BE(word, 4 * at));
  return Buffer.concat([header, Buffer.from(body)]);
}
