import { expect, test } from "vitest";
import { endpointsOf } from "./endpoints";

const PORTS = { httpPort: 4318, grpcPort: 4317, tls: false, loopbackOnly: false };

test.each([
  [PORTS, "clew.example", "http://clew.example:4318"],
  [{ ...PORTS, tls: true }, "clew.example", "https://clew.example:4318"],
  [{ ...PORTS, loopbackOnly: true }, "localhost", "http://localhost:4318"],
  [{ ...PORTS, loopbackOnly: true }, "127.0.0.1", "http://127.0.0.1:4318"],
  [{ ...PORTS, loopbackOnly: true }, "tunnel.example", "http://127.0.0.1:4318"],
  [{ ...PORTS, loopbackOnly: true }, "127.evil.example", "http://127.0.0.1:4318"],
])("of %j a page at %s says %s", (arrival, hostname, http) => {
  expect(endpointsOf(arrival, { hostname }).http).toBe(http);
});
