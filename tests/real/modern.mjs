// A service of the tests' internet that speaks HTTP/2 and HTTP/1.1, as the client prefers: modern.mjs CERTIFICATE KEY
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";

const [certificate, key] = process.argv.slice(2).map((path) => readFileSync(path));
const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, (request, response) => {
  response.end(`hello over HTTP/${request.httpVersion} from ${request.authority ?? request.headers.host}\n`);
});
server.on("sessionError", () => {});
server.listen(8443, "::", () => console.log("ready"));
