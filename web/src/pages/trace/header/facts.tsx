import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { formatDuration, formatExact, formatPercent, formatTime } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Menu, MenuItem } from "../../../shared/ui/menu";
import { useActions, useTrace } from "../context";
import { shownService } from "../words";
import styles from "./facts.module.css";

/** When it was, how long, how much; and its services with their share of the time. */
export function Facts(): ReactNode {
  const { model, tree, errors, services } = useTrace((state) => state.trace);
  const [zone] = useZone();
  return (
    <div className={styles.bar}>
      <dl className={styles.facts}>
        <Fact label="Started" value={formatTime(model.startNs, zone)} />
        <Fact label="Duration" value={formatDuration(model.durationNs)} />
        <Fact label="Spans" value={formatExact(model.count)} />
        <Fact label="Services" value={formatExact(services.length)} />
        <Fact label="Depth" value={formatExact(tree.deepest + 1)} />
        {errors.places.length === 0 ? null : (
          <Fact label="Errors" value={formatExact(errors.places.length)} failed />
        )}
      </dl>
      <Legend />
    </div>
  );
}

interface FactProps {
  label: string;
  value: string;
  failed?: boolean;
}

function Fact({ label, value, failed = false }: FactProps): ReactNode {
  return (
    <div className={styles.fact} data-failed={failed || undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const IN_SIGHT = 6;

/** The services by their share of all self time; a click asks for one. */
function Legend(): ReactNode {
  const { model, services: list } = useTrace((state) => state.trace);
  const chosen = useTrace((state) => state.view.service);
  const actions = useActions();
  const choose = (name: string) =>
    actions.change({ service: chosen === name ? null : name, operation: null });
  const rest = list.slice(IN_SIGHT);
  return (
    <ul className={styles.legend} aria-label="Services by self time">
      {list.slice(0, IN_SIGHT).map(({ service, selfShare }) => {
        const name = model.services[service] ?? "";
        return (
          <li key={service}>
            <button
              type="button"
              className={styles.service}
              aria-pressed={chosen === name}
              onClick={() => choose(name)}
            >
              <Colour name={name} />
              <span className={styles.serviceName}>{shownService(name)}</span>
              <span className={styles.share}>{formatPercent(selfShare)}</span>
            </button>
          </li>
        );
      })}
      {rest.length === 0 ? null : (
        <li>
          <Menu
            align="end"
            trigger={
              <button type="button" className={styles.service}>
                {rest.length} more
              </button>
            }
          >
            {rest.map(({ service, selfShare }) => {
              const name = model.services[service] ?? "";
              return (
                <MenuItem
                  key={service}
                  icon={<Colour name={name} />}
                  hint={formatPercent(selfShare)}
                  onClick={() => choose(name)}
                >
                  {shownService(name)}
                </MenuItem>
              );
            })}
          </Menu>
        </li>
      )}
    </ul>
  );
}

function Colour({ name }: { name: string }): ReactNode {
  return <span className={styles.colour} style={{ background: serviceColour(name) }} />;
}
