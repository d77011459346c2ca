import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Refusal } from "../../api/convert-arrival";
import { formatAgo } from "../../shared/format";
import styles from "./send-page.module.css";

const SHOWN = 3;

/** Who was turned away in the last minutes, why, and what to do. */
export function Refusals({ refusals }: { refusals: readonly Refusal[] }): ReactNode {
  if (refusals.length === 0) return null;
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return (
    <section className={styles.refusals} aria-label="Turned away">
      {refusals.slice(0, SHOWN).map((one) => (
        <div key={`${one.reason} ${one.address} ${one.userAgent}`} className={styles.refusal}>
          <TriangleAlert size={16} aria-hidden="true" />
          <p>{one.sentence}</p>
          <p>
            {one.count === 1 ? "Once" : `${one.count.toLocaleString("en")} times`}, the last time{" "}
            {formatAgo(one.lastNs, nowNs)}
            {one.address === "" ? "" : `, from ${one.address}`}
            {one.userAgent === "" ? "" : ` by ${one.userAgent}`}
            {one.keyPrefix === "" ? "" : `, with a key that begins with ${one.keyPrefix}`}.
          </p>
        </div>
      ))}
      {refusals.length > SHOWN ? (
        <p className={styles.note}>
          {refusals.length - SHOWN} more kinds of refusals: <code>clew ledger</code> lists them.
        </p>
      ) : null}
    </section>
  );
}
