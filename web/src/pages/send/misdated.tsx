import { Clock } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Misdated as Spans } from "../../api/convert-arrival";
import { tracesPath } from "../../route/paths";
import { writeRange } from "../../route/time-text";
import { formatAgo, formatExact, formatTime } from "../../shared/format";
import { useZone } from "../../shared/settings";
import styles from "./send-page.module.css";

const SECOND_NS = 1_000_000_000n;

/** Spans that arrive and that no search of the last minutes finds, since their time is another. */
export function Misdated({ misdated }: { misdated: readonly Spans[] }): ReactNode {
  const [zone] = useZone();
  if (misdated.length === 0) return null;
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return (
    <section className={styles.refusals} aria-label="Of another time">
      {misdated.map((one) => (
        <div key={one.service} className={styles.refusal}>
          <Clock size={16} aria-hidden="true" />
          <p>
            {formatExact(one.spans)} {one.spans === 1 ? "span" : "spans"} of{" "}
            <strong>{one.service || "a service without a name"}</strong> arrived lately, the last
            one dated {formatTime(one.lastNs, zone, "second")} ({formatAgo(one.lastNs, nowNs)}).{" "}
            <Link to={tracesPath(rangeAround(one))}>Show them</Link>
          </p>
          <p>
            If they are new, the clock of their machine is wrong: compare <code>date -u</code> there
            with {formatTime(nowNs, "utc", "minute")}, and let NTP set it.
          </p>
        </div>
      ))}
    </section>
  );
}

function rangeAround({ firstNs, lastNs }: Spans): string {
  const params = new URLSearchParams();
  const startNs = firstNs > SECOND_NS ? firstNs - SECOND_NS : 0n;
  writeRange({ kind: "between", startNs, endNs: lastNs + SECOND_NS }, params);
  return params.toString();
}
