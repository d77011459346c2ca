import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "react-router";
import { tracePath } from "../../route/paths";
import styles from "./back-bar.module.css";
import { crumbsOf } from "./breadcrumb";

/** The way here by links, each step to go back to. */
export function BackBar(): ReactNode {
  const way = crumbsOf(useLocation().state);
  if (way.length === 0) return null;
  return (
    <nav aria-label="Where you came from" className={styles.bar}>
      <ArrowLeft size={14} />
      <ol className={styles.way}>
        {way.map((crumb, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one can go around in circles
          <li key={at}>
            <Link to={tracePath(crumb.traceId, crumb.search)} state={{ from: way.slice(0, at) }}>
              {crumb.title}
              <code>{crumb.traceId.slice(0, 8)}</code>
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
