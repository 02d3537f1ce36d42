/** Serves a folder on this machine: `node serve.mjs <folder> [port]`. Without a port it takes 8080, or the next that is free. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  // Shards of images; without Content-Encoding, since the page unpacks them itself.
  ".gz": "application/gzip",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

async function answer(folder, request, response) {
  // A URL's path has no `..` left once it is parsed; an encoded separator must not bring one back.
  const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
  if (path.split(/[/\\]/).includes("..")) throw new Error("outside of the folder");
  const file = join(folder, path.endsWith("/") ? path + "index.html" : path);
  const { size } = await stat(file).then((found) => (found.isFile() ? found : Promise.reject(new Error("not a file"))));
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-length": size,
    "cache-control": "no-store",
  });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
}

/** Resolves with the server and its address. Port 0 is any free one; with `search`, a port in use gives way to the next. */
export function serve(folder, port = 0, { search = false } = {}) {
  const server = createServer((request, response) => {
    answer(resolve(folder), request, response).catch(() => response.writeHead(404, { "content-type": "text/plain" }).end("not found\n"));
  });
  return new Promise((done, fail) => {
    server.on("error", (error) => {
      if (search && error.code === "EADDRINUSE" && port < 65535) server.listen(++port, "127.0.0.1");
      else fail(error);
    });
    server.on("listening", () => done({ server, url: `http://127.0.0.1:${server.address().port}/` }));
    server.listen(port, "127.0.0.1");
  });
}

async function main([folder, text]) {
  const port = text === undefined ? 8080 : Number(text);
  if (!folder || !(Number.isInteger(port) && port >= 0 && port < 65536)) {
    console.error("usage: serve <folder> [port], with a port below 65536");
    process.exit(2);
  }
  try {
    const { url } = await serve(folder, port, { search: text === undefined });
    console.log(`${url} serves ${resolve(folder)}; Ctrl+C ends it`);
  } catch (error) {
    console.error(error.code === "EADDRINUSE" ? `port ${port} is in use` : String(error.message));
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
