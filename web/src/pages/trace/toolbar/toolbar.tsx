import { X } from "lucide-react";
import type { ReactNode } from "react";
import { formatDuration } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { Segments } from "../../../shared/ui/segments";
import { Tooltip } from "../../../shared/ui/tooltip";
import { useActions, useTrace } from "../context";
import type { Pill } from "../url";
import { shownName, shownService } from "../words";
import { SearchBox } from "./search-box";
import styles from "./toolbar.module.css";

const VIEW_NAMES = [
  ["waterfall", "Waterfall"],
  ["flame", "Flame graph"],
  ["spans", "Spans"],
] as const;

const PILL_NAMES: readonly (readonly [Pill, string, string, string?])[] = [
  ["critical", "Critical path", "Spans that decide how long the trace takes", "c"],
  ["errors", "Errors", "Spans with status error"],
  ["slowest", "Slowest", "The ten spans with most self time"],
];

/** Which view, what is searched for, and what of it is shown. */
export function Toolbar(): ReactNode {
  const view = useTrace((state) => state.view.view);
  const actions = useActions();
  return (
    <div className={styles.toolbar}>
      <Segments
        label="View"
        value={view}
        onChange={(next) => actions.change({ view: next }, "push")}
        choices={VIEW_NAMES}
      />
      <SearchBox />
      <Pills />
      <Chosen />
      <span className={styles.spring} />
      <Zoomed />
    </div>
  );
}

function Pills(): ReactNode {
  const pills = useTrace((state) => state.view.pills);
  const only = useTrace((state) => state.view.only);
  const active = useTrace((state) => state.matches.active);
  const failed = useTrace((state) => state.trace.errors.places.length);
  const actions = useActions();
  return (
    <div className={styles.pills}>
      {PILL_NAMES.map(([pill, name, meaning, shortcut]) => (
        <Tooltip key={pill} text={meaning} {...(shortcut && { shortcut })}>
          <button
            type="button"
            className={styles.pill}
            data-pill={pill}
            aria-pressed={pills.includes(pill)}
            disabled={pill === "errors" && failed === 0}
            onClick={() => actions.togglePill(pill)}
          >
            {name}
          </button>
        </Tooltip>
      ))}
      {active ? (
        <Tooltip text="Hide all spans but matches and those above them">
          <button
            type="button"
            className={styles.pill}
            aria-pressed={only}
            onClick={() => actions.change({ only: !only })}
          >
            Only matches
          </button>
        </Tooltip>
      ) : null}
    </div>
  );
}

/** Filters that were set by a click elsewhere, to take them back. */
function Chosen(): ReactNode {
  const service = useTrace((state) => state.view.service);
  const operation = useTrace((state) => state.view.operation);
  const actions = useActions();
  return (
    <>
      {service === null ? null : (
        <Chip
          text={shownService(service)}
          label={`Service ${service}`}
          onRemove={() => actions.change({ service: null })}
        />
      )}
      {operation === null ? null : (
        <Chip
          text={shownName(operation)}
          label={`Operation ${operation}`}
          onRemove={() => actions.change({ operation: null })}
        />
      )}
    </>
  );
}

interface ChipProps {
  text: string;
  label: string;
  onRemove: () => void;
}

function Chip({ text, label, onRemove }: ChipProps): ReactNode {
  return (
    <button
      type="button"
      className={styles.chip}
      onClick={onRemove}
      aria-label={`${label}: remove this filter`}
    >
      <span>{text}</span>
      <X size={12} />
    </button>
  );
}

function Zoomed(): ReactNode {
  const zoom = useTrace((state) => state.view.zoom);
  const actions = useActions();
  if (zoom === null) return null;
  return (
    <Tooltip text="Show the whole trace" shortcut="0">
      <Button small onClick={() => actions.zoom(null)}>
        {formatDuration(zoom.from)} – {formatDuration(zoom.to)}
        <X size={12} />
      </Button>
    </Tooltip>
  );
}
