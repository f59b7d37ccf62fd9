// A client with Node's older interface, two requests on one connection: https.mjs URL
import http from "node:http";
import https from "node:https";

const library = process.argv[2].startsWith("https:") ? https : http;
const agent = new library.Agent({ keepAlive: true, maxSockets: 1 });
const ask = () =>
  new Promise((done, failed) => {
    const request = library.get(process.argv[2], { agent }, (response) => {
      response.setEncoding("utf8").on("data", (text) => process.stdout.write(text)).on("end", () => done(response));
    });
    request.on("error", failed);
  });
await ask();
const second = await ask();
process.exitCode = second.statusCode < 400 ? 0 : 1;
agent.destroy();
