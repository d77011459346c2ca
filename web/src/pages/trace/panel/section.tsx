import { ChevronRight } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import styles from "./section.module.css";

interface SectionProps {
  title: string;
  /** How many there are; not shown without. */
  count?: number;
  open?: boolean;
  /** Open whatever was chosen, while something is searched for. */
  forced?: boolean;
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of the panel that folds; what is folded is not drawn. */
export function Section({
  title,
  count,
  open = true,
  forced = false,
  aside,
  children,
}: SectionProps): ReactNode {
  const [chosen, setChosen] = useState(open);
  const shown = chosen || forced;
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.head}>
        <h3 className={styles.heading}>
          <button
            type="button"
            id={id}
            className={styles.toggle}
            aria-expanded={shown}
            onClick={() => setChosen(!shown)}
          >
            <ChevronRight size={14} />
            {title}
            {count === undefined ? null : <span className={styles.count}>{count}</span>}
          </button>
        </h3>
        {shown ? aside : null}
      </div>
      {shown ? <div className={styles.body}>{children}</div> : null}
    </section>
  );
}
