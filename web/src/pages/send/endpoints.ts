/** Where senders connect, as somebody at this browser would write it. */

import type { Arrival } from "../../api/convert-arrival";

export interface Addresses {
  http: string;
  grpc: string;
  /** The listeners are on loopback, so that senders elsewhere cannot reach them. */
  isLocalOnly: boolean;
}

export function endpointsOf(
  arrival: Pick<Arrival, "httpPort" | "grpcPort" | "tls" | "loopbackOnly">,
  page: { hostname: string },
): Addresses {
  const scheme = arrival.tls ? "https" : "http";
  // A page that came through a tunnel has another name than the listeners.
  const host = arrival.loopbackOnly && !isLoopback(page.hostname) ? "127.0.0.1" : page.hostname;
  return {
    http: `${scheme}://${host}:${arrival.httpPort}`,
    grpc: `${scheme}://${host}:${arrival.grpcPort}`,
    isLocalOnly: arrival.loopbackOnly,
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
