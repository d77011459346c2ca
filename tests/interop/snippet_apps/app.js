// An application that knows nothing of Clew: it answers one request of its own, and ends.
const http = require("node:http");

const server = http.createServer((_, answer) => answer.end("hello\n"));
server.listen(0, "127.0.0.1", () => {
  http.get({ port: server.address().port, host: "127.0.0.1", path: "/hello", agent: false }, (answer) => {
    answer.resume();
    answer.on("end", () => server.close());
  });
});
