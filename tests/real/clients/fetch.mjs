// A client as one writes it in Node: fetch.mjs URL
const response = await fetch(process.argv[2]);
console.log(response.status);
process.stdout.write(await response.text());
process.exitCode = response.ok ? 0 : 1;
