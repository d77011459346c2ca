import { ArrowRight, CornerDownRight } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { tracePath } from "../../../route/paths";
import type { SpanLink } from "../span";
import { AttributeList } from "./attributes";
import styles from "./links.module.css";

interface LinkListProps {
  traceId: string;
  links: SpanLink[];
  search: string;
  hrefOf: (query: string) => string;
  /** The history's state for the page that a link leads to. */
  leaving: () => object;
}

export function LinkList({ traceId, links, search, hrefOf, leaving }: LinkListProps): ReactNode {
  return (
    <ol>
      {links.map((link, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a span can be linked twice
        <li key={at} className={styles.link}>
          {link.traceId === "" ? (
            <p className={styles.nowhere}>The sender named no trace.</p>
          ) : (
            <Link
              className={styles.to}
              to={tracePath(link.traceId, link.spanId === "" ? "" : `span=${link.spanId}`)}
              state={leaving()}
            >
              {link.traceId === traceId ? <CornerDownRight size={14} /> : <ArrowRight size={14} />}
              <span className={styles.target}>
                {link.traceId === traceId ? "Span of this trace" : `Trace ${link.traceId}`}
                <span className={styles.id}>{link.spanId}</span>
              </span>
            </Link>
          )}
          {link.traceState === "" ? null : <p className={styles.state}>{link.traceState}</p>}
          {link.attributes.list.length === 0 && link.attributes.dropped === 0 ? null : (
            <AttributeList
              scope="link"
              attributes={link.attributes}
              search={search}
              hrefOf={hrefOf}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
